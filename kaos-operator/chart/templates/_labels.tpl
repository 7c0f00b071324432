{{- define "kaos.selector" -}}
app.kubernetes.io/name: kaos-operator
{{- end -}}
{{- define "kaos.labels" -}}
{{ include "kaos.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}
