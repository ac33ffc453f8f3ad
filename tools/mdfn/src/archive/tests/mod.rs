//! Is every file told for what it is?

mod archives;
mod executables;
mod samples;
