//! The pixels that a browser drew.

use std::fmt;
use std::io::Cursor;

use png::{ColorType, Decoder, Transformations};

/// Red, green and blue.
pub(crate) type Colour = [u8; 3];

/// A picture, row by row from the top.
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pixels: Vec<Colour>,
}

/// A rectangle of it, in pixels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Picture {
    /// Reads a file in the form PNG.
    pub(crate) fn read(file: &[u8]) -> Self {
        let mut decoder = Decoder::new(Cursor::new(file));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bytes).unwrap();
        assert!(matches!(frame.color_type, ColorType::Rgb | ColorType::Rgba), "{frame:?}");
        let pixels = bytes.chunks_exact(frame.color_type.samples());
        let pixels = pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Self { width: frame.width, height: frame.height, pixels }
    }

    /// All of it.
    pub(crate) fn all(&self) -> Area {
        Area { left: 0, top: 0, width: self.width, height: self.height }
    }

    pub(crate) fn pixel(&self, x: u32, y: u32) -> Colour {
        assert!(x < self.width && y < self.height, "no pixel at {x}, {y} of {self:?}");
        self.pixels[usize::try_from(y * self.width + x).unwrap()]
    }

    /// How many pixels in `area` have exactly this colour.
    pub(crate) fn count(&self, colour: Colour, area: Area) -> usize {
        self.places(colour, area).count()
    }

    /// The smallest rectangle around the pixels in `area` of exactly this colour.
    pub(crate) fn bounds(&self, colour: Colour, area: Area) -> Option<Area> {
        let (left, top) = self.places(colour, area).reduce(|a, b| (a.0.min(b.0), a.1.min(b.1)))?;
        let (right, bottom) =
            self.places(colour, area).reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)))?;
        Some(Area { left, top, width: right - left + 1, height: bottom - top + 1 })
    }

    fn places(&self, colour: Colour, area: Area) -> impl Iterator<Item = (u32, u32)> + '_ {
        let rows = area.top..area.top + area.height;
        let places =
            rows.flat_map(move |y| (area.left..area.left + area.width).map(move |x| (x, y)));
        places.filter(move |(x, y)| self.pixel(*x, *y) == colour)
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}
