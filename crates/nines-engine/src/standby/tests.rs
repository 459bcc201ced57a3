use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use nines_port::{Holder, JournalError, Record, VirtualClock};

use super::*;
use crate::engine::tests::{TestJournal, burn, config, installation, second};
use crate::{EngineHandle, SubmitError};

/// A journal of two processes; the other one has its turn until it is taken away.
#[derive(Debug, Clone)]
struct Shared {
    journal: TestJournal,
    is_free: Arc<Mutex<bool>>,
}

impl SharedJournal for Shared {
    fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError> {
        self.journal.read(after_seq, count_max)
    }

    fn acquire(&mut self) -> Result<Turn, JournalError> {
        if !*self.is_free.lock().unwrap() {
            return Ok(Turn::Theirs(Holder { epoch: 0, address: "http://other".to_owned() }));
        }
        Ok(Turn::Ours(Box::new(self.journal.reopen())))
    }
}

enum Told {
    Active(bool),
    Committed,
    Failed(EngineError),
}

fn hooks(sender: &Sender<Told>) -> Hooks {
    let (active, committed, failed) = (sender.clone(), sender.clone(), sender.clone());
    Hooks {
        deciding: Box::new(move |is_active| drop(active.send(Told::Active(is_active)))),
        on_commit: Box::new(move |_| drop(committed.send(Told::Committed))),
        on_failure: Box::new(move |error| failed.send(Told::Failed(error)).unwrap()),
    }
}

#[test]
fn a_standby_sees_what_is_decided_and_takes_over_what_is_owed() {
    let journal = TestJournal::default();
    let seed = 1;
    let engine = Engine::recover(Box::new(journal.clone()), installation(), None, seed, second(0));
    let mut other = engine.unwrap();
    other.cycle(vec![Command::ApplyConfig(config())], second(1)).unwrap();

    let shared = Shared { journal: journal.clone(), is_free: Arc::default() };
    let clock = Arc::new(VirtualClock::starting_at(second(1)));
    let (told, tells) = channel();
    let (handle, thread) = EngineHandle::spawn_shared(
        Box::new(shared.clone()),
        installation(),
        None,
        2,
        clock,
        hooks(&told),
    )
    .unwrap();
    handle.ask(Command::ApplyConfig(config())).unwrap().unwrap();
    assert_eq!(handle.ask(Command::Wake), Err(SubmitError::Standby));
    let following = handle.following().unwrap();
    assert_eq!(following.holder.unwrap().address, "http://other");

    // The other one decides, begins to send, and is gone.
    other.cycle(vec![Command::ObserveBurns(vec![burn()])], second(2)).unwrap();
    let taken = other.cycle(vec![Command::TakeSends { count_max: 10 }], second(2)).unwrap();
    assert!(matches!(&*taken, [Ok(Reply::Sends(sends))] if sends.len() == 1));
    let seq = other.seq();
    while handle.read(|state| state.seq) < seq {
        tells.recv().unwrap();
    }
    assert_eq!(handle.read(State::clone), *other.published().read());
    *shared.is_free.lock().unwrap() = true;
    loop {
        match tells.recv().unwrap() {
            Told::Active(is_active) => break assert!(is_active),
            Told::Committed => {}
            Told::Failed(error) => panic!("{error}"),
        }
    }
    assert!(handle.is_active() && handle.following().is_none());
    let Ok(Ok(Reply::Sends(sends))) = handle.ask(Command::TakeSends { count_max: 10 }) else {
        panic!("nothing is owed");
    };
    assert!(sends.iter().all(|it| it.attempt == 2 && it.message.possible_repeat));
    assert_eq!(sends.len(), 1);
    handle.stop();
    thread.join().unwrap();
    let last = Engine::recover(Box::new(journal.reopen()), installation(), None, 3, second(9));
    assert_eq!(last.unwrap().published().read().dispatch, handle.read(|it| it.dispatch.clone()));
}

#[test]
fn a_standby_stops_at_a_broken_chain() {
    let journal = TestJournal::default();
    let engine = Engine::recover(Box::new(journal.clone()), installation(), None, 1, second(0));
    drop(engine.unwrap());
    let mut forged = journal.lines().pop().unwrap();
    forged.seq += 1;
    journal.clone().append(&[forged]).unwrap();
    let shared = Shared { journal, is_free: Arc::default() };
    let clock = Arc::new(VirtualClock::starting_at(second(1)));
    let (told, tells) = channel();
    let hooks = hooks(&told);
    let spawned =
        EngineHandle::spawn_shared(Box::new(shared), installation(), None, 2, clock, hooks);
    let (_handle, thread) = spawned.unwrap();
    let Told::Failed(EngineError::Chain { seq }) = tells.recv().unwrap() else {
        panic!("it goes on");
    };
    assert_eq!(seq, 2);
    thread.join().unwrap();
}
