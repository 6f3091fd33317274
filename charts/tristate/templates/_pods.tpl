{{/* What Pod Security's level `restricted` asks of a pod. Takes a user id. */}}
{{- define "tristate.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "tristate.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Where pods go, and for whom. Takes (dict "root" $ "component" NAME). */}}
{{- define "tristate.placement" -}}
serviceAccountName: {{ include "tristate.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .root.Values.pods.terminationGracePeriodSeconds }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.pods.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.pods.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with mergeOverwrite (include "tristate.databaseAffinity" . | fromYaml) (deepCopy .root.Values.pods.affinity) }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .root.Values.pods.topologySpread }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "tristate.selector" . | nindent 8 }}
{{- end }}
{{- end -}}

{{/* What the database's machine is: the only application's, or another. Takes (dict "root" $ "component" NAME). */}}
{{- define "tristate.databaseAffinity" -}}
{{- if ne .component "postgres" -}}
{}
{{- else if eq .root.Values.postgres.placement "beside" -}}
podAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels:
          {{- include "tristate.selector" (dict "root" .root "component" "monolith") | nindent 10 }}
{{- else -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 50
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "tristate.selector" (dict "root" .root "component" "") | nindent 12 }}
          matchExpressions:
            - { key: app.kubernetes.io/component, operator: NotIn, values: [postgres] }
{{- end -}}
{{- end -}}

{{/* A file system for what a process writes and nobody keeps. */}}
{{- define "tristate.scratch" -}}
emptyDir:
  sizeLimit: 64Mi
{{- end -}}

{{/* The keys of one service: its own, and the hashes by which it knows the others'. */}}
{{- define "tristate.keysVolume" -}}
name: secrets
secret:
  secretName: {{ include "tristate.keysSecret" .root }}
  defaultMode: 0440
  items:
    - key: token-key
      path: token-key
    - key: admin-token
      path: admin-token
    - key: callers.json
      path: callers.json
    - key: {{ .service }}.service-key
      path: service-key
{{- end -}}
