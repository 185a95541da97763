//! `lambda:NAME` and `lambda:ARN`: invokes a function with the JSON of a webhook.

use async_trait::async_trait;

use super::arn::{Arn, is_word};
use super::region::Partition;
use super::{Aws, AwsError, AwsOptions, Call, Delivered, DeliveryError, Service};
use crate::notify::{Notifier, webhook};
use crate::outbox::Message;

/// What an asynchronous invocation takes at most where it takes least (quotas of Lambda).
const AT_MOST: usize = 256 * 1024;

const FORM: &str =
    "arn:aws:lambda:eu-central-1:123456789012:function:NAME, with :ALIAS or :VERSION behind it if wanted";

/// Invokes a function asynchronously (`InvocationType` `Event`): delivered means that Lambda queued it; that it runs, and
/// again when it fails, is Lambda's task.
#[derive(Debug)]
pub struct Lambda {
    aws: Aws,
    /// The region, when the name says it.
    region: Option<String>,
    /// As the API wants it: name, ARN or a part of one, without the qualifier.
    function: String,
    /// Version or alias.
    qualifier: Option<String>,
    options: AwsOptions,
}

impl Lambda {
    /// A function: `NAME`, `NAME:ALIAS`, `ACCOUNT:function:NAME[:ALIAS]` or a whole ARN.
    ///
    /// The region of all but the last is that of `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile, or the instance.
    pub fn new(aws: &Aws, name: &str, options: AwsOptions) -> Result<Self, AwsError> {
        let name = name.trim();
        let (region, account, resource) = if name.starts_with("arn:") {
            let arn = Arn::parse(name, Service::Lambda, FORM)?;
            (Some(arn.region), Some(arn.account), arn.resource)
        } else {
            match name.split_once(":function:") {
                Some((account, rest)) if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => {
                    (None, Some(account.to_owned()), format!("function:{rest}"))
                }
                Some((account, _)) => {
                    return Err(AwsError(format!("{account:?} is not an account's number of 12 digits")));
                }
                None => (None, None, format!("function:{name}")),
            }
        };
        let fault = || AwsError(format!("{name:?} is not a function: write its name, NAME:ALIAS, or {FORM}"));
        let mut parts = resource.split(':');
        let (Some("function"), Some(function), qualifier, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(fault());
        };
        if !is_word(function, 64) || !qualifier.is_none_or(|q| q == "$LATEST" || is_word(q, 128)) {
            return Err(fault());
        }
        let whole = match (&region, account) {
            (Some(region), Some(account)) => {
                let partition = Partition::of_region(region).name();
                format!("arn:{partition}:lambda:{region}:{account}:function:{function}")
            }
            (None, Some(account)) => format!("{account}:function:{function}"),
            (_, None) => function.to_owned(),
        };
        Ok(Self { aws: aws.clone(), region, function: whole, qualifier: qualifier.map(str::to_owned), options })
    }

    /// Path and query of `Invoke` (API reference).
    fn target(&self) -> String {
        let function = self.function.replace(':', "%3A");
        match &self.qualifier {
            None => format!("/2015-03-31/functions/{function}/invocations"),
            Some(qualifier) => {
                format!("/2015-03-31/functions/{function}/invocations?Qualifier={}", qualifier.replace('$', "%24"))
            }
        }
    }
}

/// The JSON of a webhook in at most `limit` bytes: what does not fit is left out from the end, and `omitted` counts it.
fn payload(message: &Message, limit: usize) -> Vec<u8> {
    let mut document = webhook::document(message);
    let all = message.events.len();
    let mut count = all;
    loop {
        let bytes = document.to_string().into_bytes();
        if bytes.len() <= limit || count <= 1 {
            return bytes;
        }
        // As many as would fit were all of the same size, and one fewer at least.
        let fitting = (count as f64 * limit as f64 / bytes.len() as f64) as usize;
        count = fitting.clamp(1, count - 1);
        if let Some(events) = document["events"].as_array_mut() {
            events.truncate(count);
        }
        document["omitted"] = (all - count).into();
    }
}

#[async_trait]
impl Notifier for Lambda {
    fn name(&self) -> &'static str {
        "lambda"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let region = match &self.region {
            Some(region) => region.clone(),
            None => self.aws.region().await?,
        };
        let call = Call {
            service: Service::Lambda,
            region: &region,
            target: self.target(),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("x-amz-invocation-type", "Event".to_owned()),
            ],
            body: payload(message, AT_MOST),
            options: &self.options,
        };
        let answer = self.aws.send(call).await?;
        if answer.status != 202 {
            // Queued is 202, whatever the function does; 200 is what something else answers.
            return Err(DeliveryError::permanent(format!(
                "{} answered {} where Lambda answers 202: check the endpoint",
                answer.place(),
                answer.status
            )));
        }
        Ok(match answer.header("x-amzn-requestid") {
            Some(id) => Delivered::with(format!("queued, request {}", answer.clean(id))),
            None => Delivered::with("queued"),
        })
    }
}
