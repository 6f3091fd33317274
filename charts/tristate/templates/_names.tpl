{{- define "tristate.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of a component; never changes between versions. Takes (dict "root" $ "component" NAME). */}}
{{- define "tristate.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "tristate.labels" -}}
{{ include "tristate.selector" . }}
app.kubernetes.io/part-of: tristate
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The labels of a pod: those that select it, and the user's. */}}
{{- define "tristate.podLabels" -}}
{{ include "tristate.labels" . }}
{{- with .root.Values.pods.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tristate.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{- define "tristate.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "tristate.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "tristate.keysSecret" -}}
{{- default (printf "%s-keys" (include "tristate.fullname" .)) .Values.secrets.existingKeys -}}
{{- end -}}

{{- define "tristate.databaseSecret" -}}
{{- default (printf "%s-database" (include "tristate.fullname" .)) .Values.secrets.existingDatabase -}}
{{- end -}}
