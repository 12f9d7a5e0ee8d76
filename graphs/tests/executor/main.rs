//! The executor, held to its promises by a small kitchen: a domain that cooks orders.

mod budgets;
mod caching;
mod kitchen;
mod properties;
mod shapes;
mod stories;
mod time_travel;
