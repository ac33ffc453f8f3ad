//! The cloud around the function, on one machine.
