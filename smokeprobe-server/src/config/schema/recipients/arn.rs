//! Names of things at Amazon: the form is fixed, and a partition has its own regions.

use super::super::super::check::digits;
use super::super::super::tree::clipped;
use super::address::Fault;

/// What is wrong with the ARN of a topic, with a likely fix.
pub(super) fn topic(text: &str) -> Result<(), Fault> {
    let (partition, rest) = parts(text, "sns")?;
    let name = rest.first().copied().unwrap_or_default();
    let plain = name.strip_suffix(".fifo").unwrap_or(name);
    let good = rest.len() == 1 && word(plain) && name.len() <= 256;
    if good { Ok(()) } else { Err(form(&format!("arn:{partition}:sns:REGION:ACCOUNT:TOPIC"))) }
}

/// What is wrong with the name or the ARN of a function, with a likely fix.
pub(super) fn function(text: &str) -> Result<(), Fault> {
    let qualified = |name: &[&str]| match name {
        [name] => word(name),
        [name, version] => word(name) && (word(version) || *version == "$LATEST"),
        _ => false,
    };
    if !text.starts_with("arn:") {
        let pieces: Vec<_> = text.split(':').collect();
        let good = match pieces.as_slice() {
            [account, "function", name @ ..] if digits(account) => account.len() == 12 && qualified(name),
            name => qualified(name),
        };
        let help = "write the function's name, such as `lambda:pager`, or its ARN";
        return if good { Ok(()) } else { Err(Fault::new("this is no name of a function", help)) };
    }
    let (partition, rest) = parts(text, "lambda")?;
    match rest.as_slice() {
        ["function", name @ ..] if qualified(name) => Ok(()),
        _ => Err(form(&format!("arn:{partition}:lambda:REGION:ACCOUNT:function:NAME"))),
    }
}

/// The partition, and what follows the account.
fn parts<'a>(text: &'a str, service: &str) -> Result<(&'a str, Vec<&'a str>), Fault> {
    let pieces: Vec<_> = text.split(':').collect();
    let ["arn", partition, named, region, account, rest @ ..] = pieces.as_slice() else {
        return Err(form(&format!("arn:PARTITION:{service}:REGION:ACCOUNT:…")));
    };
    if *named != service {
        let help = format!("write the ARN of what `{service}:` names: `arn:aws:{service}:…`");
        return Err(Fault::new(format!("this is an ARN of `{}`, not of `{service}`", clipped(named)), help));
    }
    let Some(right) = partition_of(region) else {
        return Err(Fault::new(format!("`{}` is no region", clipped(region)), "a region is such as `cn-north-1`"));
    };
    if *partition != right {
        let help = format!("write `arn:{right}:{service}:{region}:…`");
        let message = format!("the region `{region}` is in the partition `{right}`, not in `{}`", clipped(partition));
        return Err(Fault::new(message, help));
    }
    if account.len() != 12 || !digits(account) {
        return Err(Fault::new(
            "the account of an ARN has 12 digits",
            format!("write `arn:{right}:{service}:{region}:123456789012:…`"),
        ));
    }
    Ok((partition, rest.to_vec()))
}

/// The partition of a region; `None` when the text is no region.
fn partition_of(region: &str) -> Option<&'static str> {
    let pieces: Vec<_> = region.split('-').collect();
    let (number, words) = pieces.split_last()?;
    let lower = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    if !digits(number) || words.len() < 2 || !words.iter().all(lower) {
        return None;
    }
    Some(match words {
        ["cn", ..] => "aws-cn",
        ["us", "gov", ..] => "aws-us-gov",
        ["us", "iso", ..] => "aws-iso",
        ["us", "isob", ..] => "aws-iso-b",
        ["eu", "isoe", ..] => "aws-iso-e",
        ["us", "isof", ..] => "aws-iso-f",
        ["eusc", ..] => "aws-eusc",
        _ => "aws",
    })
}

fn word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn form(form: &str) -> Fault {
    Fault::new("this is no ARN of the right form", format!("write `{form}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_in_the_partition_of_their_region() {
        for good in [
            "arn:aws-cn:sns:cn-north-1:123456789012:netops",
            "arn:aws-cn:sns:cn-northwest-1:123456789012:a_b-c.fifo",
            "arn:aws:sns:eu-central-1:123456789012:netops",
            "arn:aws-us-gov:sns:us-gov-west-1:123456789012:netops",
        ] {
            assert_eq!(topic(good), Ok(()), "{good}");
        }
        let Fault { message, help } = topic("arn:aws:sns:cn-north-1:123456789012:netops").unwrap_err();
        assert_eq!(message, "the region `cn-north-1` is in the partition `aws-cn`, not in `aws`");
        assert_eq!(help.as_deref(), Some("write `arn:aws-cn:sns:cn-north-1:…`"));
        for bad in [
            "",
            "netops",
            "arn:aws:sqs:eu-central-1:123456789012:netops",
            "arn:aws:sns:here:123456789012:netops",
            "arn:aws:sns:eu-central-1:12345:netops",
            "arn:aws:sns:eu-central-1:123456789012",
            "arn:aws:sns:eu-central-1:123456789012:",
            "arn:aws:sns:eu-central-1:123456789012:a:b",
        ] {
            assert!(topic(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn functions_have_names_or_arns() {
        for good in [
            "pager",
            "pager:prod",
            "pager:$LATEST",
            "123456789012:function:pager",
            "arn:aws:lambda:eu-central-1:123456789012:function:pager",
            "arn:aws-cn:lambda:cn-north-1:123456789012:function:pager:7",
        ] {
            assert_eq!(function(good), Ok(()), "{good}");
        }
        for bad in
            ["", "a b", "arn:aws:lambda:eu-central-1:123456789012:pager", "arn:aws:sns:eu-central-1:123456789012:x"]
        {
            assert!(function(bad).is_err(), "{bad}");
        }
    }
}
