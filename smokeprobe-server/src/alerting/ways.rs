//! From a plan's recipients to what reaches them.

use std::collections::BTreeMap;
use std::sync::Arc;

use smokeprobe_alerts::notify::exec::Exec;
use smokeprobe_alerts::{Notifier, RecipientId, Rules};

use super::{Arrangement, Pictures, compose};
use crate::config::Plan;
use crate::config::plan::{Recipient, Way};

/// All of a plan that has to do with alerts. A recipient that cannot be reached by this build is left out, and the log
/// says so.
pub fn arrange(plan: &Plan, rules: &Rules, pictures: &Arc<Pictures>) -> Arrangement {
    let notifiers = plan.alerting.recipients.iter().filter_map(|(id, recipient)| {
        let notifier = notifier(plan, recipient, pictures);
        if notifier.is_none() {
            tracing::error!(recipient = %id, "there is no way to tell this recipient in this build");
        }
        Some((id.clone(), notifier?))
    });
    Arrangement {
        notifiers: notifiers.collect::<BTreeMap<RecipientId, Arc<dyn Notifier>>>(),
        plan: compose::alert_plan(plan, rules),
        terms: compose::terms(plan),
    }
}

/// What reaches a recipient.
pub fn notifier(_plan: &Plan, recipient: &Recipient, _pictures: &Arc<Pictures>) -> Option<Arc<dyn Notifier>> {
    match &recipient.way {
        Way::Exec(path) => Some(Arc::new(Exec::new(path.clone(), recipient.timeout))),
        _ => None,
    }
}
