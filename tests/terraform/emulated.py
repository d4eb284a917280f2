"""Queues, topics and buckets that an emulator of AWS really creates, for `provider.py`."""

import boto3

IN_MEMORY = {"aws_s3_bucket_ownership_controls", "aws_sns_topic_subscription"}
ATTRIBUTES = {
    "visibility_timeout_seconds": "VisibilityTimeout",
    "message_retention_seconds": "MessageRetentionPeriod",
    "receive_wait_time_seconds": "ReceiveMessageWaitTimeSeconds",
    "redrive_policy": "RedrivePolicy",
    "kms_master_key_id": "KmsMasterKeyId",
    "sqs_managed_sse_enabled": "SqsManagedSseEnabled",
}


def text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


class Emulated:
    """Calls what the real provider calls for each resource of terraform/modules/locations."""

    def __init__(self, endpoint, region):
        of = {
            "endpoint_url": endpoint,
            "region_name": region,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
        self.sqs, self.sns, self.s3 = (boto3.client(service, **of) for service in ("sqs", "sns", "s3"))

    def create(self, type_name, values):
        return {} if type_name in IN_MEMORY else getattr(self, type_name)(values)

    def delete(self, type_name, state):
        if type_name == "aws_sqs_queue":
            self.sqs.delete_queue(QueueUrl=state["id"])
        elif type_name == "aws_sns_topic":
            self.sns.delete_topic(TopicArn=state["id"])
        elif type_name == "aws_s3_bucket":
            self.s3.delete_bucket(Bucket=state["id"])

    def aws_sqs_queue(self, values):
        attributes = {
            ATTRIBUTES[key]: text(value) for key, value in values.items() if key in ATTRIBUTES and value is not None
        }
        url = self.sqs.create_queue(QueueName=values["name"], Attributes=attributes)["QueueUrl"]
        asked = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return {"id": url, "url": url, "arn": asked["Attributes"]["QueueArn"]}

    def attribute(self, name, values, key):
        self.sqs.set_queue_attributes(QueueUrl=values["queue_url"], Attributes={name: values[key]})
        return {"id": values["queue_url"]}

    def aws_sqs_queue_policy(self, values):
        return self.attribute("Policy", values, "policy")

    def aws_sqs_queue_redrive_allow_policy(self, values):
        return self.attribute("RedriveAllowPolicy", values, "redrive_allow_policy")

    def aws_sns_topic(self, values):
        arn = self.sns.create_topic(Name=values["name"], Attributes={"KmsMasterKeyId": values["kms_master_key_id"]})[
            "TopicArn"
        ]
        return {"id": arn, "arn": arn}

    def aws_sns_topic_policy(self, values):
        self.sns.set_topic_attributes(TopicArn=values["arn"], AttributeName="Policy", AttributeValue=values["policy"])
        return {"id": values["arn"]}

    def aws_s3_bucket(self, values):
        name = values.get("bucket") or values["bucket_prefix"] + "0001"
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": self.s3.meta.region_name})
        return {"id": name, "bucket": name, "arn": f"arn:aws:s3:::{name}"}

    def aws_s3_bucket_versioning(self, values):
        status = values["versioning_configuration"][0]["status"]
        self.s3.put_bucket_versioning(Bucket=values["bucket"], VersioningConfiguration={"Status": status})
        return {"id": values["bucket"]}

    def aws_s3_bucket_public_access_block(self, values):
        names = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
        block = {
            name: values["".join("_" + c.lower() if c.isupper() else c for c in name).strip("_")] for name in names
        }
        self.s3.put_public_access_block(Bucket=values["bucket"], PublicAccessBlockConfiguration=block)
        return {"id": values["bucket"]}

    def aws_s3_bucket_server_side_encryption_configuration(self, values):
        default = values["rule"][0]["apply_server_side_encryption_by_default"][0]
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": default["sse_algorithm"]}}
        self.s3.put_bucket_encryption(Bucket=values["bucket"], ServerSideEncryptionConfiguration={"Rules": [rule]})
        return {"id": values["bucket"]}

    def aws_s3_bucket_lifecycle_configuration(self, values):
        given = values["rule"][0]
        rule = {
            "ID": given["id"],
            "Status": given["status"],
            "Filter": {},
            "NoncurrentVersionExpiration": {
                "NoncurrentDays": int(given["noncurrent_version_expiration"][0]["noncurrent_days"])
            },
            "AbortIncompleteMultipartUpload": {
                "DaysAfterInitiation": int(given["abort_incomplete_multipart_upload"][0]["days_after_initiation"])
            },
        }
        self.s3.put_bucket_lifecycle_configuration(Bucket=values["bucket"], LifecycleConfiguration={"Rules": [rule]})
        return {"id": values["bucket"]}

    def aws_s3_bucket_policy(self, values):
        self.s3.put_bucket_policy(Bucket=values["bucket"], Policy=values["policy"])
        return {"id": values["bucket"]}
