//! `sns:ARN`: publishes a text to a topic.

mod text;

use async_trait::async_trait;

use super::arn::{Arn, is_word};
use super::refusal::element;
use super::{Aws, AwsError, AwsOptions, Call, Delivered, DeliveryError, Service};
use crate::notify::Notifier;
use crate::notify::webhook::Template;
use crate::outbox::Message;

/// What SNS takes at most, of text and attributes together (API reference of `Publish`).
const AT_MOST: usize = 256 * 1024;

const FORM: &str = "arn:aws:sns:eu-central-1:123456789012:NAME";

/// Publishes messages to a topic, for people: as plain text, with a subject, and with the attributes `alert`, `target`
/// and `what`, by which subscriptions filter.
///
/// A message of several events has attributes of several values (`String.Array`), which filters match one by one. To a
/// FIFO topic all messages go in one group, so that they stay in order.
#[derive(Debug)]
pub struct Sns {
    aws: Aws,
    topic: String,
    region: String,
    /// The topic keeps the order.
    is_fifo: bool,
    options: AwsOptions,
}

impl Sns {
    /// A topic by its ARN.
    pub fn new(aws: &Aws, arn: &str, options: AwsOptions) -> Result<Self, AwsError> {
        let topic = arn.trim().to_owned();
        let arn = Arn::parse(&topic, Service::Sns, FORM)?;
        let name = &arn.resource;
        if name.contains(':') {
            return Err(AwsError(format!(
                "{topic} has more than a topic's name at its end: write the ARN of the topic, not that of a subscription"
            )));
        }
        let fifo = name.strip_suffix(".fifo");
        if name.len() > 256 || !is_word(fifo.unwrap_or(name), 256) {
            return Err(AwsError(format!(
                "{name:?} is not the name of a topic: an ARN here looks like {FORM}, the name has letters, digits, - and _"
            )));
        }
        Ok(Self { aws: aws.clone(), is_fifo: fifo.is_some(), region: arn.region, topic, options })
    }

    /// The parameters of `Publish`.
    async fn form(&self, message: &Message) -> Result<String, DeliveryError> {
        let attributes = text::attributes(message);
        let used: usize = attributes.iter().map(|(name, kind, value)| name.len() + kind.len() + value.len()).sum();
        let text = self.text(message, AT_MOST - used).await?;
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", "Publish").append_pair("Version", "2010-03-31").append_pair("TopicArn", &self.topic);
        form.append_pair("Subject", &text::subject(message));
        form.append_pair("Message", &text);
        for (number, (name, kind, value)) in (1..).zip(&attributes) {
            let entry = format!("MessageAttributes.entry.{number}");
            form.append_pair(&format!("{entry}.Name"), name);
            form.append_pair(&format!("{entry}.Value.DataType"), kind);
            form.append_pair(&format!("{entry}.Value.StringValue"), value);
        }
        if self.is_fifo {
            form.append_pair("MessageGroupId", "smokeprobe");
            // The same for each try of a message. Numbers may begin anew with a state that was lost, times do not.
            let once = format!("smokeprobe-{}-{}", message.id.0, message.created.unix_nanos());
            form.append_pair("MessageDeduplicationId", &once);
        }
        Ok(form.finish())
    }

    async fn text(&self, message: &Message, limit: usize) -> Result<String, DeliveryError> {
        let Some(path) = &self.options.template else { return Ok(text::cut(&text::body(message, limit), limit)) };
        let template = Template::read(path, self.options.timeout).await?;
        let texts: Vec<String> =
            message.events.iter().map(|event| template.fill(message, event, "text/plain")).collect();
        let text = text::cut(&texts.join("\n"), limit);
        if text.trim().is_empty() {
            let path = path.display();
            return Err(DeliveryError::permanent(format!(
                "the template {path} gives no text, and SNS wants one: fill it"
            )));
        }
        Ok(text)
    }
}

#[async_trait]
impl Notifier for Sns {
    fn name(&self) -> &'static str {
        "sns"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let call = Call {
            service: Service::Sns,
            region: &self.region,
            target: "/".to_owned(),
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: self.form(message).await?.into_bytes(),
            options: &self.options,
        };
        let answer = self.aws.send(call).await?;
        match element(&String::from_utf8_lossy(&answer.body), "MessageId") {
            Some(id) => Ok(Delivered::with(format!("MessageId {}", answer.clean(&id)))),
            // Whoever answered like this, it was not SNS: nobody may have been told.
            None => Err(DeliveryError::permanent(format!(
                "{} answered {} without a MessageId, so it is not SNS: check the endpoint",
                answer.place(),
                answer.status
            ))),
        }
    }
}
