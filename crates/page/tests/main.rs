//! The page, held against the report that it shows: every total is there, and nothing else gets in.

mod hostile;
mod made;
mod sizes;
mod totals;
