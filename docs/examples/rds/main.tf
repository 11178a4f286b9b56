# Terraform: an instance and an Aurora cluster that accept only TLS, on encrypted storage.
resource "aws_db_parameter_group" "tls_only" {
  name   = "tls-only"
  family = "postgres16"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_db_instance" "orders" {
  identifier                          = "orders"
  engine                              = "postgres"
  engine_version                      = "16"
  instance_class                      = "db.t4g.medium"
  allocated_storage                   = 20
  storage_encrypted                   = true
  ca_cert_identifier                  = "rds-ca-rsa2048-g1"
  parameter_group_name                = aws_db_parameter_group.tls_only.name
  iam_database_authentication_enabled = true
  username                            = "postgres"
  manage_master_user_password         = true
}

resource "aws_rds_cluster_parameter_group" "tls_only" {
  name   = "tls-only"
  family = "aurora-postgresql16"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_rds_cluster" "shop" {
  cluster_identifier                  = "shop"
  engine                              = "aurora-postgresql"
  engine_version                      = "16.6"
  storage_encrypted                   = true
  db_cluster_parameter_group_name     = aws_rds_cluster_parameter_group.tls_only.name
  iam_database_authentication_enabled = true
  master_username                     = "postgres"
  manage_master_user_password         = true
}
