//! Whole sessions as stories, through the public API only.
