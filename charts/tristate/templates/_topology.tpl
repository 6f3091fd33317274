{{/*
What runs where, as the processes are told it: the same sentences that the local launcher says. A copy of a service has
a name of its own, under which the registry, the logs and X-Served-By know it, and so an address of its own: services
are StatefulSets, counted from 1.
*/}}

{{/* The service's values with what the chart knows beside them. Takes (dict "root" $ "service" NAME). */}}
{{- define "tristate.isScaled" -}}
{{- if and .root.Values.autoscaling.enabled (has .service (list "order" "inventory" "account" "monolith")) -}}yes{{- end -}}
{{- end -}}

{{- define "tristate.processName" -}}
{{- $replicas := (get .root.Values.services .service).replicas | int -}}
{{- if and (eq $replicas 1) (not (include "tristate.isScaled" .)) -}}
{{ .service }}
{{- else -}}
{{ .service }}-$(POD_INDEX)
{{- end -}}
{{- end -}}

{{/* The n-th copy as others find it. Takes (dict "root" $ "service" NAME "index" N). */}}
{{- define "tristate.copyHost" -}}
{{- $name := printf "%s-%s" (include "tristate.fullname" .root) .service -}}
{{ $name }}-{{ .index }}.{{ $name }}
{{- end -}}

{{/* Whether a service's processes have a gRPC server; search is called by the registry alone. Takes (dict "root" $ "service" NAME). */}}
{{- define "tristate.speaksGrpc" -}}
{{- if and (eq .root.Values.transport "grpc") (ne .service "monolith") -}}
{{- if or (ne .service "search") (gt (int .root.Values.services.registry.replicas) 0) -}}yes{{- end -}}
{{- end -}}
{{- end -}}

{{/* Who answers /control, where the services are apart. */}}
{{- define "tristate.controlPlane" -}}
{{- ternary "order" "registry" (eq .Values.transport "rest") -}}
{{- end -}}

{{/* inventory=HOST:PORT,HOST:PORT;account=…, with the ports of the transport */}}
{{- define "tristate.peers" -}}
{{- $root := . -}}
{{- $peers := list -}}
{{- $port := ternary 8080 9090 (eq .Values.transport "rest") -}}
{{- range $service, $values := .Values.services -}}
{{- $isCalled := or (and (eq $root.Values.transport "rest") (ne $service "monolith")) (include "tristate.speaksGrpc" (dict "root" $root "service" $service)) -}}
{{- if and (gt (int $values.replicas) 0) $isCalled -}}
{{- $addresses := list -}}
{{- range $index := untilStep 1 (add 1 (int $values.replicas) | int) 1 -}}
{{- $addresses = append $addresses (printf "%s:%d" (include "tristate.copyHost" (dict "root" $root "service" $service "index" $index)) $port) -}}
{{- end -}}
{{- $peers = append $peers (printf "%s=%s" $service (join "," $addresses)) -}}
{{- end -}}
{{- end -}}
{{- join ";" $peers -}}
{{- end -}}

{{- define "tristate.topology" -}}
{{- $root := . -}}
{{- $processes := list -}}
{{- range $service, $values := .Values.services -}}
{{- range $index := untilStep 1 (add 1 (int $values.replicas) | int) 1 -}}
{{- $host := include "tristate.copyHost" (dict "root" $root "service" $service "index" $index) -}}
{{- $name := ternary $service (printf "%s-%d" $service (int $index)) (eq (int $values.replicas) 1) -}}
{{- $process := dict "name" $name "service" $service "httpAddress" (printf "%s:8080" $host) -}}
{{- if include "tristate.speaksGrpc" (dict "root" $root "service" $service) -}}
{{- $process = set $process "grpcAddress" (printf "%s:9090" $host) -}}
{{- end -}}
{{- $processes = append $processes $process -}}
{{- end -}}
{{- end -}}
{{- dict "stage" (int .Values.stage.number) "url" (include "tristate.url" .) "processes" $processes | toJson -}}
{{- end -}}

{{- define "tristate.url" -}}
http://{{ include "tristate.fullname" . }}:{{ .Values.exposure.port }}
{{- end -}}

{{/* What nginx passes requests on to until it hears from the registry: order=HOST:PORT,HOST:PORT;… */}}
{{- define "tristate.upstreams" -}}
{{- $root := . -}}
{{- $upstreams := list -}}
{{- range $service, $values := .Values.services -}}
{{- if gt (int $values.replicas) 0 -}}
{{- $addresses := list -}}
{{- range $index := untilStep 1 (add 1 (int $values.replicas) | int) 1 -}}
{{- $addresses = append $addresses (printf "%s:8080" (include "tristate.copyHost" (dict "root" $root "service" $service "index" $index))) -}}
{{- end -}}
{{- $upstreams = append $upstreams (printf "%s=%s" $service (join "," $addresses)) -}}
{{- end -}}
{{- end -}}
{{- join ";" $upstreams -}}
{{- end -}}

{{/* postgres-1=HOST:PORT,postgres-2=HOST:PORT; nothing where one server stands alone */}}
{{- define "tristate.databaseMembers" -}}
{{- $root := . -}}
{{- if and .Values.postgres.enabled (gt (int .Values.postgres.replicas) 0) -}}
{{- $members := list -}}
{{- range $index := untilStep 1 (add 2 (int .Values.postgres.replicas) | int) 1 -}}
{{- $members = append $members (printf "postgres-%d=%s:5432" (int $index) (include "tristate.copyHost" (dict "root" $root "service" "postgres" "index" $index))) -}}
{{- end -}}
{{- join "," $members -}}
{{- end -}}
{{- end -}}

{{/* HOST:PORT of the database, or of its first server. */}}
{{- define "tristate.databaseAddress" -}}
{{- if .Values.postgres.enabled -}}
{{ include "tristate.copyHost" (dict "root" . "service" "postgres" "index" 1) }}:5432
{{- else -}}
{{ .Values.postgres.external.host }}:{{ .Values.postgres.external.port }}
{{- end -}}
{{- end -}}

{{/* The databases of orders, one or a shard after the other: order_1,order_2 */}}
{{- define "tristate.orderDatabases" -}}
{{- $database := .Values.services.order.database -}}
{{- $shards := int .Values.postgres.orderShards -}}
{{- $databases := list -}}
{{- range $shard := untilStep 1 (add 1 $shards | int) 1 -}}
{{- $databases = append $databases (ternary $database (printf "%s_%d" $database (int $shard)) (eq $shards 1)) -}}
{{- end -}}
{{- join "," $databases -}}
{{- end -}}

{{/*
account=account;inventory=inventory;orders=order_1,order_2 for a service whose contexts have databases of their own, nothing for
one with a single database. Takes (dict "root" $ "service" NAME).
*/}}
{{- define "tristate.contexts" -}}
{{- $values := .root.Values -}}
{{- $orders := printf "orders=%s" (include "tristate.orderDatabases" .root) -}}
{{- if and (eq .service "monolith") $values.postgres.split -}}
account={{ $values.services.account.database }};inventory={{ $values.services.inventory.database }};{{ $orders }}
{{- else if and (eq .service "order") (gt (int $values.postgres.orderShards) 1) -}}
{{ $orders }}
{{- end -}}
{{- end -}}

{{/* The databases of a service, each with a role of the same name: account,inventory. Takes (dict "root" $ "service" NAME). */}}
{{- define "tristate.databasesOf" -}}
{{- $contexts := include "tristate.contexts" . -}}
{{- if $contexts -}}
{{ regexReplaceAll ";?[a-z]+=" $contexts "," | trimPrefix "," }}
{{- else -}}
{{ (get .root.Values.services .service).database }}
{{- end -}}
{{- end -}}

{{/* The databases that services use, each with a role of the same name; separated by spaces. */}}
{{- define "tristate.databases" -}}
{{- $root := . -}}
{{- $databases := list -}}
{{- range $service, $values := .Values.services -}}
{{- if and $values.database (gt (int $values.replicas) 0) -}}
{{- $databases = concat $databases (splitList "," (include "tristate.databasesOf" (dict "root" $root "service" $service))) -}}
{{- end -}}
{{- end -}}
{{- $databases | uniq | join " " -}}
{{- end -}}

{{/* Whether the supervisor has something to supervise. */}}
{{- define "tristate.isReplicated" -}}
{{- if include "tristate.databaseMembers" . -}}yes{{- end -}}
{{- end -}}

{{- define "tristate.redisUrl" -}}
{{- if .Values.redis.externalUrl -}}
{{ .Values.redis.externalUrl }}
{{- else if .Values.redis.enabled -}}
redis://{{ include "tristate.fullname" . }}-redis:6379
{{- end -}}
{{- end -}}
