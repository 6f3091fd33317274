{{/* The process that writes nginx's configuration: once, or whenever the shop changes. Takes (dict "root" $ "once" "yes"). */}}
{{- define "tristate.frontDoorContainer" -}}
{{- $values := .root.Values -}}
image: {{ include "tristate.image" .root }}
imagePullPolicy: {{ $values.image.pullPolicy }}
args:
  - --max-old-space-size=64
  - dist/bundle/services/front-door/main.js
env:
  - name: TRISTATE_FRONT_DOOR_ONCE
    value: {{ default "no" .once | quote }}
  - name: TRISTATE_FRONT_DOOR_FOLDER
    value: /run/nginx
  - name: TRISTATE_FRONT_DOOR_LISTEN
    value: '8080'
  - name: TRISTATE_FRONT_DOOR_WORKERS
    value: {{ $values.frontDoor.workers | quote }}
  - name: TRISTATE_FRONT_DOOR_UPSTREAM_KEEP_ALIVE
    value: {{ $values.frontDoor.upstreamKeepAlive | quote }}
  - name: TRISTATE_FRONT_DOOR_STRATEGY
    value: {{ $values.balancing.frontDoor }}
  - name: TRISTATE_FRONT_DOOR_UPSTREAMS
    value: {{ include "tristate.upstreams" .root | quote }}
  - name: TRISTATE_HEARTBEAT_KEEP_SHARE
    value: {{ $values.heartbeat.keepShare | quote }}
  - name: TRISTATE_ORDER_DEADLINE_MS
    value: {{ $values.orders.deadlineMs | int | quote }}
  - name: TRISTATE_OVERLOAD
    value: {{ ternary "on" "off" $values.overload.enabled | quote }}
  - name: TRISTATE_OVERLOAD_ORDERS_UNDER_WAY
    value: {{ $values.overload.ordersUnderWay | int | quote }}
  - name: TRISTATE_OVERLOAD_READS_UNDER_WAY
    value: {{ $values.overload.readsUnderWay | int | quote }}
  - name: TRISTATE_SECRETS_DIR
    value: /run/tristate/secrets
  {{- if gt (int $values.services.registry.replicas) 0 }}
  - name: TRISTATE_REGISTRY_URL
    value: http://{{ include "tristate.copyHost" (dict "root" .root "service" "registry" "index" 1) }}:8080
  {{- end }}
resources:
  {{- toYaml $values.resources.frontDoor | nindent 2 }}
securityContext:
  {{- include "tristate.containerSecurity" .root | nindent 2 }}
volumeMounts:
  - name: configuration
    mountPath: /run/nginx
  - name: secrets
    mountPath: /run/tristate/secrets
    readOnly: true
{{- end -}}
