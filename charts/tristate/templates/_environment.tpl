{{/*
The environment of a process, in the order in which packages/cli/launcher/services.ts says it. A test holds the two
against each other. Takes (dict "root" $ "service" NAME).
*/}}
{{- define "tristate.environment" -}}
{{- $values := .root.Values -}}
{{- $service := get $values.services .service -}}
{{- $database := $service.database -}}
{{- $role := $service.database -}}
{{- $poolSize := $service.databasePoolSize -}}
{{- if and (eq .service "supervisor") (include "tristate.isReplicated" .root) -}}
{{- $database = "cluster" -}}
{{- $role = "supervisor" -}}
{{- $poolSize = 2 -}}
{{- end -}}
{{- $contexts := include "tristate.contexts" . -}}
{{- $passwordFile := "password" -}}
{{- if $contexts -}}
{{- /* The process puts the name of each database there; each has a role of that name. */ -}}
{{- $database = "{database}" -}}
{{- $role = "{database}" -}}
{{- $passwordFile = "{database}.password" -}}
{{- end -}}
- name: POD_INDEX
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{- $plain := list
  (list "NODE_ENV" "production")
  (list "TRISTATE_SERVICE" .service)
  (list "TRISTATE_NAME" (include "tristate.processName" .))
  (list "TRISTATE_STAGE" ($values.stage.number | int | toString))
  (list "TRISTATE_HTTP_ADDRESS" "0.0.0.0:8080")
  (list "TRISTATE_ADVERTISED_HOST" (printf "$(POD_NAME).%s-%s" (include "tristate.fullname" .root) .service))
  (list "TRISTATE_SECRETS_DIR" "/run/tristate/secrets")
  (list "TRISTATE_HEARTBEAT_INTERVAL_MS" ($values.heartbeat.intervalMs | int | toString))
  (list "TRISTATE_HEARTBEAT_DETECTOR" $values.heartbeat.detector)
  (list "TRISTATE_HEARTBEAT_KEEP_SHARE" ($values.heartbeat.keepShare | toString))
  (list "TRISTATE_HEARTBEAT_SLOW_START_MS" ($values.heartbeat.slowStartMs | int | toString))
  (list "TRISTATE_LOG_LEVEL" $values.log.level)
-}}
{{- if include "tristate.speaksGrpc" . -}}
{{- $plain = append $plain (list "TRISTATE_GRPC_ADDRESS" "$(POD_IP):9090") -}}
{{- end -}}
{{- if ne .service "monolith" -}}
{{- if eq $values.transport "rest" -}}
{{- $plain = append $plain (list "TRISTATE_TRANSPORT" "rest") -}}
{{- end -}}
{{- $plain = append $plain (list "TRISTATE_PEERS" (include "tristate.peers" .root)) -}}
{{- end -}}
{{- /* A change of what the shop alone is told leaves those alone who watch over it. */ -}}
{{- if not (has .service (list "registry" "supervisor")) -}}
{{- $plain = concat $plain (list
  (list "TRISTATE_ORDER_PROTOCOL" $values.orders.protocol)
  (list "TRISTATE_ORDER_DEADLINE_MS" ($values.orders.deadlineMs | int | toString))
  (list "TRISTATE_ORDER_MAX_UNDER_WAY" ($values.orders.maxUnderWay | int | toString))
  (list "TRISTATE_CONSISTENCY_DEFAULT" $values.consistency.default)
  (list "TRISTATE_CONSISTENCY_READ_YOUR_WRITES" $values.consistency.readYourWrites)
  (list "TRISTATE_CONSISTENCY_WINDOW_MS" ($values.consistency.windowMs | int | toString))
  (list "TRISTATE_CONSISTENCY_WAIT_MS" ($values.consistency.waitMs | int | toString))
  (list "TRISTATE_OVERLOAD" (ternary "on" "off" $values.overload.enabled))
  (list "TRISTATE_OVERLOAD_ORDERS_UNDER_WAY" ($values.overload.ordersUnderWay | int | toString))
  (list "TRISTATE_OVERLOAD_READS_UNDER_WAY" ($values.overload.readsUnderWay | int | toString))
) -}}
{{- with include "tristate.redisUrl" .root -}}
{{- $plain = append $plain (list "TRISTATE_REDIS_URL" .) -}}
{{- end -}}
{{- end -}}
{{- if ne .service "supervisor" -}}
{{- $plain = concat $plain (list
  (list "TRISTATE_BALANCING_FRONT_DOOR" $values.balancing.frontDoor)
  (list "TRISTATE_BALANCING_GRPC" $values.balancing.grpc)
  (list "TRISTATE_BALANCING_ADAPTIVE" (ternary "on" "off" $values.balancing.adaptive))
) -}}
{{- end -}}
{{- if has .service (list "monolith" (include "tristate.controlPlane" .root)) -}}
{{- $plain = append $plain (list "TRISTATE_TOPOLOGY" (include "tristate.topology" .root)) -}}
{{- end -}}
{{- if $database -}}
{{- $plain = append $plain (list "TRISTATE_DATABASE_URL" (printf "postgres://%s@%s/%s" $role (include "tristate.databaseAddress" .root) $database)) -}}
{{- $plain = append $plain (list "TRISTATE_DATABASE_PASSWORD_FILE" (printf "/run/tristate/database/%s" $passwordFile)) -}}
{{- with $contexts -}}
{{- $plain = append $plain (list "TRISTATE_DATABASE_CONTEXTS" .) -}}
{{- end -}}
{{- $plain = append $plain (list "TRISTATE_DATABASE_POOL_SIZE" ($poolSize | int | toString)) -}}
{{- $plain = append $plain (list "TRISTATE_DATABASE_MEMBERS" (include "tristate.databaseMembers" .root)) -}}
{{- $plain = append $plain (list "TRISTATE_DATABASE_MAX_REPLICA_LAG_MS" ($values.postgres.maxReplicaLagMs | int | toString)) -}}
{{- end -}}
{{- if and (eq .service "supervisor") (include "tristate.isReplicated" .root) -}}
{{- $plain = append $plain (list "TRISTATE_CLUSTER_RECORD" "/var/lib/tristate/cluster.json") -}}
{{- $plain = append $plain (list "TRISTATE_REPLICATION_MEMBERS" (include "tristate.databaseMembers" .root)) -}}
{{- $plain = append $plain (list "TRISTATE_DATABASE_SYNCHRONOUS" $values.postgres.synchronous) -}}
{{- $plain = append $plain (list "TRISTATE_DATABASE_FAILOVER" $values.postgres.failover) -}}
{{- $plain = append $plain (list "TRISTATE_DATABASE_PATIENCE" ($values.postgres.patience | toString)) -}}
{{- end -}}
{{- range $plain }}
- name: {{ index . 0 }}
  value: {{ index . 1 | quote }}
{{- end }}
{{- end -}}
