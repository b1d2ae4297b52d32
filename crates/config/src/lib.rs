//! What was asked: the session file, read strictly and checked word by word.
