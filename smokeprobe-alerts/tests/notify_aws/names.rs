//! Which topics and functions there can be.

use smokeprobe_alerts::notify::aws::{AwsOptions, Lambda, Sns};

use crate::aws;

fn refused(made: Result<impl std::fmt::Debug, impl std::fmt::Display>) -> String {
    match made {
        Err(error) => error.to_string(),
        Ok(made) => panic!("{made:?}"),
    }
}

#[test]
fn topics_of_every_partition_are_taken() {
    for arn in [
        "arn:aws:sns:eu-central-1:123456789012:netops",
        "arn:aws-cn:sns:cn-north-1:123456789012:netops",
        "arn:aws-us-gov:sns:us-gov-west-1:123456789012:net-ops_2.fifo",
        " arn:aws-cn:sns:cn-northwest-1:000000000000:a ",
    ] {
        Sns::new(&aws(&[]), arn, AwsOptions::default()).unwrap();
    }
}

#[test]
fn what_is_no_topic_is_refused_with_the_fault_and_an_example() {
    for (arn, fault) in [
        ("netops", "not an ARN"),
        ("arn:aws:sns:eu-central-1:123456789012", "not an ARN"),
        ("arn:aws-mars:sns:eu-central-1:123456789012:x", "partition aws-mars is not one of aws, aws-cn, aws-us-gov"),
        ("arn:aws:sns:cn-north-1:123456789012:x", "belongs to the partition aws-cn, not to aws"),
        ("arn:aws-cn:sns:us-east-1:123456789012:x", "belongs to the partition aws, not to aws-cn"),
        ("arn:aws:lambda:us-east-1:123456789012:function:x", "one of lambda, not of sns"),
        ("arn:aws:sns::123456789012:x", "\"\" is not a region"),
        ("arn:aws:sns:us-east-1.evil.example:123456789012:x", "is not a region"),
        ("arn:aws:sns:us-east-1:12345:x", "\"12345\" is not an account's number"),
        ("arn:aws:sns:us-east-1:123456789012:", "not the name of a topic"),
        ("arn:aws:sns:us-east-1:123456789012:主题", "not the name of a topic"),
        ("arn:aws:sns:us-east-1:123456789012:x.fifo.fifo", "not the name of a topic"),
        ("arn:aws:sns:us-east-1:123456789012:x:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55", "not that of a subscription"),
    ] {
        let said = refused(Sns::new(&aws(&[]), arn, AwsOptions::default()));
        assert!(said.contains(fault), "{arn}: {said}");
        assert!(said.contains("arn:aws:sns:eu-central-1:123456789012:NAME") || said.contains("subscription"), "{said}");
    }
}

#[test]
fn functions_are_named_as_lambda_has_it() {
    for name in [
        "pager",
        "pager:live",
        "pager:$LATEST",
        "pager:7",
        "123456789012:function:pager",
        "123456789012:function:pager:live",
        "arn:aws-cn:lambda:cn-north-1:123456789012:function:pager",
        "arn:aws:lambda:us-east-1:123456789012:function:pager:live",
    ] {
        Lambda::new(&aws(&[]), name, AwsOptions::default()).unwrap();
    }
    for (name, fault) in [
        ("", "is not a function"),
        ("pager/..", "is not a function"),
        ("pager:", "is not a function"),
        ("pager:a:b", "is not a function"),
        ("pager?Qualifier=x", "is not a function"),
        ("1234:function:pager", "\"1234\" is not an account's number"),
        ("arn:aws:lambda:us-east-1:123456789012:layer:x", "is not a function"),
        ("arn:aws:sns:us-east-1:123456789012:pager", "one of sns, not of lambda"),
        ("arn:aws:lambda:cn-north-1:123456789012:function:x", "belongs to the partition aws-cn"),
    ] {
        let said = refused(Lambda::new(&aws(&[]), name, AwsOptions::default()));
        assert!(said.contains(fault), "{name}: {said}");
    }
}
