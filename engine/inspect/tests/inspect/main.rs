//! Bundles of our own making: causes that are found, and input that must not do harm.

mod causes;
mod hostile;
mod shop;
mod wide;
