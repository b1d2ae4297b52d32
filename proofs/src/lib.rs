//! What running the board of a session cannot show: every order in which its threads can meet, and
//! what code outside cannot write. Both are `tests/` of this package.
//!
//! A package of its own, with few dependencies, because each proof builds them anew: the models under
//! loom (`cargo xtask models`), the refused programs in a folder of their own.
