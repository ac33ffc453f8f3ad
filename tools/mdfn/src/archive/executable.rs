//! Tells from its bytes whether a file is an executable that needs nothing but the kernel.

use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{LittleEndian, elf};

use super::architecture::Architecture;
use crate::terminal::printable;

type Header = elf::FileHeader64<LittleEndian>;

/// A statically linked executable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Executable {
    pub(crate) architecture: Architecture,
    pub(crate) kind: Kind,
}

/// Whether it is loaded where it was linked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// At fixed addresses, as Go links by default.
    Fixed,
    /// Anywhere, a static PIE.
    Pie,
}

impl Kind {
    /// Returns the name that `readelf --file-header` has for it, and a short one.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fixed => "EXEC (fixed addresses)",
            Self::Pie => "DYN (static PIE)",
        }
    }
}

/// Why a file is not an executable.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NotExecutable {
    #[error("it is empty")]
    Empty,
    #[error("it is a script (`#!`); the runtime for Go starts executables only")]
    Script,
    #[error("it is {0}; expected a Linux executable (ELF)")]
    Foreign(&'static str),
    #[error("it is a 32-bit executable; expected one of 64 bits")]
    Bits32,
    #[error("it is for {0}; expected Linux")]
    System(&'static str),
    #[error("it is for {0}; expected x86_64 or aarch64")]
    Architecture(String),
    #[error("it is {0}, not an executable")]
    Object(&'static str),
    #[error("it is dynamically linked and needs {0}; link it statically")]
    Interpreter(String),
    #[error("it is dynamically linked and needs shared libraries; link it statically")]
    Libraries,
    #[error("it is cut off: {0} bytes are there and {1} are described")]
    CutOff(u64, u64),
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

impl Executable {
    /// Looks at the bytes of a file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NotExecutable> {
        let header = header(bytes)?;
        let architecture = architecture(header)?;
        let kind = header.e_type(LittleEndian);
        if kind != elf::ET_EXEC && kind != elf::ET_DYN {
            return Err(NotExecutable::Object(if kind == elf::ET_REL {
                "an object file"
            } else {
                "a core dump or the like"
            }));
        }
        whole(header, bytes)?;
        let dynamic = Dynamic::read(header, bytes)?;
        if dynamic.needs_libraries {
            return Err(NotExecutable::Libraries);
        }
        match (kind == elf::ET_EXEC, dynamic.is_pie) {
            (true, _) => Ok(Self { architecture, kind: Kind::Fixed }),
            (false, true) => Ok(Self { architecture, kind: Kind::Pie }),
            (false, false) => Err(NotExecutable::Object("a shared library")),
        }
    }
}

/// Returns the header of a 64-bit ELF file of little-endian Linux.
fn header(bytes: &[u8]) -> Result<&Header, NotExecutable> {
    match bytes {
        [] => return Err(NotExecutable::Empty),
        [b'#', b'!', ..] => return Err(NotExecutable::Script),
        // Big and little-endian, thin and for several processors.
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
        | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
        | [0xca, 0xfe, 0xba, 0xbe, ..] => {
            return Err(NotExecutable::Foreign("a program for macOS, or of Java"));
        }
        [b'M', b'Z', ..] => return Err(NotExecutable::Foreign("a program for Windows")),
        [0x7f, b'E', b'L', b'F', ..] => {}
        _ => return Err(NotExecutable::Foreign("not a program")),
    }
    let header = size_of::<Header>();
    let Some([_, _, _, _, class, data, _, system, ..]) = bytes.get(..header) else {
        return Err(NotExecutable::CutOff(length(bytes), length_of(header)));
    };
    if *class == elf::ELFCLASS32.0 {
        return Err(NotExecutable::Bits32);
    }
    if *data == elf::ELFDATA2MSB.0 {
        return Err(NotExecutable::Architecture("a big-endian processor".to_owned()));
    }
    match elf::OsAbi(*system) {
        elf::ELFOSABI_NONE | elf::ELFOSABI_GNU => {}
        elf::ELFOSABI_FREEBSD => return Err(NotExecutable::System("FreeBSD")),
        _ => return Err(NotExecutable::System("another operating system")),
    }
    Header::parse(bytes).map_err(|_invalid| NotExecutable::Damaged("its header is not valid ELF"))
}

fn architecture(header: &Header) -> Result<Architecture, NotExecutable> {
    match header.e_machine(LittleEndian) {
        elf::EM_X86_64 => Ok(Architecture::X86),
        elf::EM_AARCH64 => Ok(Architecture::Arm),
        elf::EM_RISCV => Err(NotExecutable::Architecture("RISC-V".to_owned())),
        elf::EM_PPC64 => Err(NotExecutable::Architecture("PowerPC".to_owned())),
        other => Err(NotExecutable::Architecture(format!("processor {} of ELF's list", other.0))),
    }
}

/// Checks whether everything that is loaded, and the table of sections at the end, is in the file.
fn whole(header: &Header, bytes: &[u8]) -> Result<(), NotExecutable> {
    let (mut end, mut loaded) = (section_table_end(header), false);
    for segment in segments(header, bytes)? {
        let (offset, size) = segment.file_range(LittleEndian);
        end = end.max(offset.saturating_add(size));
        loaded |= segment.p_type(LittleEndian) == elf::PT_LOAD;
    }
    if end > length(bytes) {
        return Err(NotExecutable::CutOff(length(bytes), end));
    }
    if loaded { Ok(()) } else { Err(NotExecutable::Damaged("it has nothing to load")) }
}

fn section_table_end(header: &Header) -> u64 {
    let entries = u64::from(header.e_shnum(LittleEndian));
    let size = entries * u64::from(header.e_shentsize(LittleEndian));
    header.e_shoff(LittleEndian).saturating_add(size)
}

fn segments<'a>(
    header: &Header,
    bytes: &'a [u8],
) -> Result<&'a [elf::ProgramHeader64<LittleEndian>], NotExecutable> {
    let table = header.program_headers(LittleEndian, bytes);
    table.map_err(|_invalid| {
        let entries = u64::from(header.e_phnum(LittleEndian));
        let size = entries * u64::from(header.e_phentsize(LittleEndian));
        match header.e_phoff(LittleEndian).saturating_add(size) {
            end if end > length(bytes) => NotExecutable::CutOff(length(bytes), end),
            _ => NotExecutable::Damaged("its segments cannot be read"),
        }
    })
}

/// An executable's settings for a dynamic linker.
#[derive(Default)]
struct Dynamic {
    needs_libraries: bool,
    is_pie: bool,
}

impl Dynamic {
    fn read(header: &Header, bytes: &[u8]) -> Result<Self, NotExecutable> {
        let damaged = |_invalid| NotExecutable::Damaged("its dynamic section cannot be read");
        let (mut dynamic, mut seen) = (Self::default(), false);
        for segment in segments(header, bytes)? {
            if let Some(name) = segment.interpreter(LittleEndian, bytes).map_err(damaged)? {
                let name = printable(&String::from_utf8_lossy(name));
                return Err(NotExecutable::Interpreter(name));
            }
            let Some(entries) = segment.dynamic(LittleEndian, bytes).map_err(damaged)? else {
                continue;
            };
            // Each could be as long as the file.
            if std::mem::replace(&mut seen, true) {
                return Err(NotExecutable::Damaged("it has two dynamic sections"));
            }
            let end = |entry: &&elf::Dyn64<LittleEndian>| entry.tag(LittleEndian) != elf::DT_NULL;
            for entry in entries.iter().take_while(end) {
                match entry.tag(LittleEndian) {
                    elf::DT_NEEDED => dynamic.needs_libraries = true,
                    elf::DT_FLAGS_1 => {
                        dynamic.is_pie = entry.val(LittleEndian) & elf::DF_1_PIE.0 != 0;
                    }
                    _ => {}
                }
            }
        }
        Ok(dynamic)
    }
}

fn length(bytes: &[u8]) -> u64 {
    length_of(bytes.len())
}

fn length_of(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
