//! A process that tells of one event after the other is killed again and again, wherever it may be.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use smokeprobe_alerts::{
    Change, Delivered, DeliveryError, Event, Message, Outbox, SeriesState, SqliteState, StateStore, What,
};

use crate::lab::{at, event, plan, secs, terms};

const KILLS: usize = 30;

/// Where the child finds its files; without it there is no child.
const FOLDER: &str = "SMOKEPROBE_TEST_FOLDER";

/// Set for the last child, which makes no new events and ends when all are told.
const FINISH: &str = "SMOKEPROBE_TEST_FINISH";

const RECIPIENTS: [&str; 3] = ["mail", "hook", "prog"];

#[test]
fn thirty_kills_lose_nothing_and_repeat_at_most_one_message_a_recipient_each() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = 88_172_645_463_325_252_u64;
    for _ in 0..KILLS {
        let mut child = child(folder.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Xorshift (Marsaglia, 2003): anywhere from its first breath on.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        for _ in 0..random % 60 {
            lines.next().expect("the child runs until it is killed").unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = child(folder.path()).env(FINISH, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));

    let last: i64 = fs::read_to_string(folder.path().join("last")).unwrap().parse().unwrap();
    assert!(last > 200, "only {last} events were told");
    let mut messages: BTreeMap<(String, String), (String, usize)> = BTreeMap::new();
    for line in fs::read_to_string(folder.path().join("world")).unwrap().lines() {
        let [recipient, id, events] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let taken = messages.entry((recipient.to_owned(), id.to_owned())).or_insert((events.to_owned(), 0));
        assert_eq!(taken.0, events, "the same message says the same");
        taken.1 += 1;
    }
    for recipient in RECIPIENTS {
        let own: Vec<_> = messages.iter().filter(|((name, _), _)| name == recipient).map(|(_, taken)| taken).collect();
        let mut told: Vec<i64> =
            own.iter().flat_map(|(events, _)| events.split(',').map(|time| time.parse().unwrap())).collect();
        told.sort_unstable();
        assert_eq!(told, (1..=last).collect::<Vec<_>>(), "{recipient} is told everything, each in one message");
        let repeated: usize = own.iter().map(|(_, times)| times - 1).sum();
        assert!(repeated <= KILLS, "{repeated} messages to {recipient} were repeated");
    }
}

fn child(folder: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "kill::tells_until_it_is_killed", "--ignored", "--nocapture"]).env(FOLDER, folder);
    child
}

/// The child. Its clock goes one second on with each event.
#[test]
#[ignore = "run by the test that kills it"]
fn tells_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    let finish = std::env::var(FINISH).is_ok();
    let (mut state, set_aside) = SqliteState::open(folder.join("alerts.sqlite"), at(0)).unwrap();
    assert_eq!(set_aside, None, "a kill damages nothing");
    let mut world = OpenOptions::new().create(true).append(true).open(folder.join("world")).unwrap();
    let saved = state.load().unwrap();
    let mut number = saved.series.first().and_then(|state| state.last).unwrap_or(0);
    let mut outbox = Outbox::restore(&saved);
    let mut now = at(number as u64);
    outbox.follow(now, plan(&[("mail", terms(7)), ("hook", terms(2)), ("prog", terms(0))]));
    let mut change = Change::default();
    loop {
        if finish {
            let Some(next) = outbox.poll_timeout() else { break };
            now = next.max(now);
        } else {
            now = now + secs(1);
            number += 1;
            let what = if number % 2 == 0 { What::Cleared } else { What::Raised };
            let event = Event { time: number, ..event(&format!("A.T{}", number % 5), what, &RECIPIENTS) };
            outbox.handle_event(now, &event);
            let (series, last) = ("A".parse().unwrap(), Some(number));
            change.series = vec![SeriesState { series, last, down: false, window: Vec::new(), alerts: Vec::new() }];
        }
        let sending: Vec<Message> = std::iter::from_fn(|| outbox.poll_send(now)).collect();
        outbox.take_changes(&mut change);
        state.commit(&std::mem::take(&mut change)).unwrap();
        for message in sending {
            let result = offer(&mut world, &message);
            outbox.handle_result(now, message.id, result);
        }
        println!();
    }
    outbox.take_changes(&mut change);
    state.commit(&change).unwrap();
    fs::write(folder.join("last"), number.to_string()).unwrap();
}

/// The other side, which outlives the child: takes three of four tries.
fn offer(world: &mut File, message: &Message) -> Result<Delivered, DeliveryError> {
    if (message.id.0 + u64::from(message.attempts)).is_multiple_of(4) {
        return Err(DeliveryError::transient("try again"));
    }
    let events: Vec<String> = message.events.iter().map(|event| event.time.to_string()).collect();
    let line = format!("{} {} {}\n", message.recipient, message.id.0, events.join(","));
    world.write_all(line.as_bytes()).unwrap();
    Ok(Delivered::default())
}
