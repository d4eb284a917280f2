resource "aws_s3_bucket" "models" {
  #checkov:skip=CKV_AWS_18:Who reads model weights is nothing to audit; CloudTrail's data events tell it where that is wanted
  #checkov:skip=CKV_AWS_144:A model set can be imported again from the checkpoint that its manifest names
  #checkov:skip=CKV2_AWS_62:Models are read at the start of a task; nothing waits for a new one
  bucket        = var.models_bucket_name
  bucket_prefix = var.models_bucket_name == null ? "${var.name}-models-" : null
  tags          = var.tags
}

resource "aws_s3_bucket_ownership_controls" "models" {
  bucket = aws_s3_bucket.models.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "models" {
  bucket = aws_s3_bucket.models.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# A set that was overwritten by mistake comes back; a task that is starting meanwhile finds a digest that
# does not agree with the manifest, and refuses.
resource "aws_s3_bucket_versioning" "models" {
  bucket = aws_s3_bucket.models.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "models" {
  bucket = aws_s3_bucket.models.id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "models" {
  # Versioning first: S3 refuses a rule on versions where there are none.
  depends_on = [aws_s3_bucket_versioning.models]

  bucket = aws_s3_bucket.models.id

  rule {
    id     = "overwritten-and-unfinished"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "models" {
  # Else S3 may answer that public policies are being blocked just now.
  depends_on = [aws_s3_bucket_public_access_block.models]

  bucket = aws_s3_bucket.models.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "NothingWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.models.arn, "${aws_s3_bucket.models.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
