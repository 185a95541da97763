//! What every viewer should know: each a kind and a text.

use serde::Serialize;

use super::WebState;

/// Something that every viewer should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Notice {
    kind: &'static str,
    message: String,
}

/// What there is to know now.
pub(super) fn notices(web: &WebState) -> Vec<Notice> {
    let mut notices = Vec::new();
    if let Some(reason) = web.readiness.reason() {
        notices.push(Notice { kind: "not_ready", message: reason.to_owned() });
    }
    if let Some(error) = &web.live.reload.load().error {
        notices.push(Notice { kind: "config_error", message: error.clone() });
    }
    notices.extend(web.access.notices().into_iter().map(|(kind, message)| Notice { kind, message }));
    let writer = web.live.writer.load();
    if let Some(blocked) = &writer.blocked {
        let message = format!("{} rounds wait in memory: {blocked}", writer.queued);
        notices.push(Notice { kind: "writer_blocked", message });
    }
    if let Some(free) = writer.nearly_full {
        let message = format!("the disk is nearly full: {} MB are free", free / 1_000_000);
        notices.push(Notice { kind: "disk_nearly_full", message });
    }
    if !writer.set_aside.is_empty() {
        let message = format!("files set aside as damaged: {}", writer.set_aside.join("; "));
        notices.push(Notice { kind: "set_aside", message });
    }
    let alerts = web.live.alerts.view();
    if let Some(trouble) = &alerts.state.trouble {
        let message = format!("the state of the alerts is not written: {trouble}");
        notices.push(Notice { kind: "alerts_blocked", message });
    }
    if let Some(set_aside) = &alerts.state.set_aside {
        let message = format!("the state of the alerts was lost and is made anew: {set_aside}");
        notices.push(Notice { kind: "alerts_set_aside", message });
    }
    notices
}
