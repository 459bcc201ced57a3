//! Commands and time to facts and effects; the only place where domains meet.
