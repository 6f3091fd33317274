{{/* PostgreSQL's settings, as packages/cli/launcher/postgres/server.ts has them; a test holds the two against each other. */}}
{{- define "tristate.postgresOptions" -}}
{{- list
  "port=5432"
  "listen_addresses=*"
  "unix_socket_directories=/tmp"
  "max_connections=300"
  (printf "max_prepared_transactions=%d" (int .Values.postgres.maxPreparedTransactions))
  (printf "shared_buffers=%dMB" (int .Values.postgres.sharedBuffersMb))
  "jit=off"
  "io_method=sync"
  "max_parallel_workers_per_gather=0"
  "autovacuum_max_workers=2"
  "wal_level=replica"
  "max_wal_senders=10"
  "max_replication_slots=10"
  "max_slot_wal_keep_size=1GB"
  "wal_receiver_status_interval=1s"
  "wal_retrieve_retry_interval=200ms"
  "wal_sender_timeout=10s"
  "wal_receiver_timeout=10s"
  "hot_standby_feedback=off"
  "max_standby_streaming_delay=2s"
  "recovery_init_sync_method=syncfs"
  | toJson }}
{{- end -}}
