//! Places of series while plans change, and what is told to those who come meanwhile.

use smokeprobe_core::SystemClock;
use smokeprobe_store::MemoryStore;

use super::*;
use crate::alerting::Standing;
use crate::config::{InMemory, Plan, load_from};
use crate::live::Live;

fn plan(targets: &[&str]) -> Arc<Plan> {
    let targets = targets.iter().map(|name| format!("+ {name}\nhost = 192.0.2.1\n")).collect::<Vec<_>>().concat();
    let text = format!("*** Targets ***\nprobe = FPing\n{targets}");
    Arc::new(load_from(&InMemory::default().with("config", text), "config".as_ref()).plan.unwrap())
}

/// What the hub has gathered of these targets, and where their plan is changed.
fn hub(targets: &[&str]) -> (Arc<Live>, Gathered) {
    let live = Arc::new(Live::new(plan(targets)));
    let (clock, store) = (Arc::new(SystemClock), Arc::new(MemoryStore::new(10)));
    let web = WebState::new(Arc::clone(&live), store, clock, Arc::default(), Arc::default());
    let index = web.index();
    (live, Gathered::new(web, index))
}

fn raised(series: &str) -> View {
    let standing = smokeprobe_alerts::Standing {
        since: 0,
        reason: String::new(),
        told: None,
        acknowledged: None,
        to: Arc::from([]),
        edgetrigger: true,
    };
    let standing = Standing { series: series.parse().unwrap(), alert: "down".into(), standing, silent: None };
    View { standing: vec![standing], ..View::default() }
}

/// What is raised, as the next tick tells it.
async fn told(gathered: &mut Gathered) -> Option<String> {
    gathered.follow().await;
    let raised = gathered.raised_anew(&[]).await;
    let tick = gathered.tick(raised, false)?;
    in_words(&tick.states)
}

/// What is raised, as these events say it.
fn in_words(events: &[u8]) -> Option<String> {
    let (_, raised) = std::str::from_utf8(events).unwrap().split_once("\"raised\":")?;
    Some(raised.lines().next()?.trim_end_matches('}').to_owned())
}

#[tokio::test]
async fn what_is_raised_is_told_anew_in_the_places_of_another_plan() {
    let (live, mut gathered) = hub(&["A", "B", "C"]);
    live.alerts.publish(raised("B"));
    assert_eq!(told(&mut gathered).await.unwrap(), "[[1,[\"down\"]]]");
    assert_eq!(told(&mut gathered).await, None, "nothing is news");
    live.follow(plan(&["B", "C"]));
    assert_eq!(told(&mut gathered).await.unwrap(), "[[0,[\"down\"]]]");
    // In the place of the one before, yet another series.
    live.follow(plan(&["C", "B"]));
    live.alerts.publish(raised("C"));
    assert_eq!(told(&mut gathered).await.unwrap(), "[[0,[\"down\"]]]");
}

#[tokio::test]
async fn states_are_in_the_places_of_the_plan_that_their_tick_names() {
    let (live, mut gathered) = hub(&["A", "B"]);
    let first = Arc::clone(&gathered.plan);
    // The plan changes after the hub has looked, and before it tells.
    gathered.follow().await;
    gathered.changed.insert("B".parse().unwrap());
    live.follow(plan(&["B"]));
    let tick = gathered.tick(None, false).unwrap();
    assert_eq!((&tick.plan, &tick.other_plan), (&first, &None));
    assert!(std::str::from_utf8(&tick.states).unwrap().contains("\"series\":[[1,"));
    gathered.follow().await;
    gathered.changed.insert("B".parse().unwrap());
    let tick = gathered.tick(None, false).unwrap();
    assert!(tick.plan != first && tick.other_plan.as_ref() == Some(&tick.plan));
    assert!(std::str::from_utf8(&tick.states).unwrap().contains("\"series\":[[0,"));
}

#[tokio::test]
async fn a_plan_that_came_and_went_between_two_looks_leaves_nobody_with_it() {
    let (live, mut gathered) = hub(&["A", "B"]);
    // Whoever comes now is greeted with the first of these.
    live.follow(plan(&["B"]));
    live.follow(plan(&["A", "B"]));
    gathered.follow().await;
    let tick = gathered.tick(None, false).unwrap();
    assert_eq!(tick.other_plan.as_ref(), Some(&tick.plan));
}

#[tokio::test(start_paused = true)]
async fn what_only_they_were_told_who_came_between_two_looks_is_put_right() {
    let (live, Gathered { web, index, .. }) = hub(&["A"]);
    let mut ticks = web.streams.hub.join(&web, &index);
    live.alerts.publish(raised("A"));
    let greeting = since(&web, &index, Vec::new(), |_| false);
    assert_eq!(in_words(&greeting).unwrap(), "[[0,[\"down\"]]]");
    live.alerts.publish(View::default());
    let tick = ticks.recv().await.unwrap();
    assert_eq!(in_words(&tick.states).as_deref(), Some("[]"), "as before all that, which the others know");
}
