//! Messages through a `sendxmpp` of the test's own.

use std::path::Path;

use smokeprobe_alerts::notify::testing::{event, message};
use smokeprobe_alerts::notify::xmpp::Xmpp;
use smokeprobe_alerts::{DeliveryError, Notifier, What};

use crate::place;

fn send(xmpp: &Xmpp) -> Result<String, DeliveryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let message = message("xmpp:ops@chat.company.xy", vec![event("Test.Lossy", "someloss", What::Raised)]);
    runtime.block_on(xmpp.deliver(&message)).map(|delivered| delivered.note)
}

#[test]
fn it_is_given_the_account_as_one_argument_and_the_text_as_input() {
    let place = place("sendxmpp.sh");
    send(&Xmpp::new("ops@chat.company.xy; touch /tmp/x").program(&place.program)).unwrap();
    assert_eq!(place.read("arguments"), "[ops@chat.company.xy; touch /tmp/x][-s][[Smokeping] Alert]");
    let text = place.read("input");
    assert!(text.contains("someloss was raised on Test.Lossy") && text.contains("连续三次丢包"), "{text}");
}

#[test]
fn one_that_fails_is_tried_again() {
    let place = place("sendxmpp.sh");
    std::fs::write(place.directory.path().join("status"), "1").unwrap();
    let error = send(&Xmpp::new("ops@chat.company.xy").program(&place.program)).unwrap_err();
    let DeliveryError::Transient { reason, .. } = error else { panic!("{error:?}") };
    assert!(reason.ends_with("ended with exit status 1; it printed: cannot connect"), "{reason}");
}

#[test]
fn it_says_what_to_install() {
    let error = send(&Xmpp::new("ops@chat.company.xy").program(Path::new("/no/such/sendxmpp"))).unwrap_err();
    let DeliveryError::Transient { reason, .. } = error else { panic!("{error:?}") };
    assert!(reason.starts_with("cannot run /no/such/sendxmpp: there is no such program"), "{reason}");
    assert!(reason.contains("install its package"), "{reason}");
}

#[test]
fn an_account_that_would_be_an_option_is_refused() {
    for account in ["", "-f/etc/passwd", "a\nb"] {
        assert!(matches!(send(&Xmpp::new(account)), Err(DeliveryError::Permanent { .. })));
    }
}
