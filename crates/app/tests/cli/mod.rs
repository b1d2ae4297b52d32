//! The program as a person meets it: every test runs the binary and reads what it says.

mod agreement;
mod bench;
mod calendars;
mod colours;
mod consumers;
mod damage;
mod door;
mod examples;
mod first_minute;
mod full_disk;
mod hours;
mod import;
mod in_vain;
mod interrupts;
mod logs;
mod lookahead;
mod other_readers;
mod outputs;
mod recordings;
mod runs;
mod session_files;
mod small_answers;
mod stores;
mod tour;
mod vendor_sim;
mod vendors;
