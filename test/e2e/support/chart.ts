// Knows the chart that the agent is installed by. The vendor's own has no licence and is to be had from its own site
// only, so the tests have a stand-in with the same values and objects, as far as our values reach; a path in
// SEMATEXT_AGENT_CHART, to the vendor's archive or folder, takes its place.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

const values = {
  region: 'US',
  logsReceiverUrl: null,
  existingSecret: { name: null, hasLogsToken: false },
  nodeSelector: {},
  tolerations: [],
  hostNetwork: true,
  priorityClass: { name: 'sematext-priority', value: 1 },
  rbac: { create: true },
  logagent: {
    image: { repository: 'sematext/logagent', tag: 'latest', pullPolicy: 'Always' },
    config: { LOGSENE_BULK_SIZE: '1000' },
    customConfigs: [],
    extraHostVolumeMounts: {},
    resources: {},
  },
};

const templates: Readonly<Record<string, string>> = {
  'cluster-wide.yaml': `
{{- with .Values.priorityClass }}
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: {{ .name }}}, value: {{ .value }}}
{{- end }}
---
{{- if .Values.rbac.create }}
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: sematext-vector}, rules: []}
{{- end }}`,
  'config.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-env}
data:
  REGION: {{ .Values.region | quote }}
  {{- range $name, $value := .Values.logagent.config }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
  {{- with .Values.logsReceiverUrl }}
  LOGS_RECEIVER_URL: {{ . | quote }}
  {{- end }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-files}
data: {{- toYaml .Values.logagent.customConfigs | nindent 2 }}`,
  'daemonset.yaml': `
{{- $logagent := .Values.logagent }}
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {matchLabels: {release: {{ .Release.Name }}}}
  template:
    metadata: {labels: {release: {{ .Release.Name }}}}
    spec:
      hostNetwork: {{ .Values.hostNetwork }}
      nodeSelector: {{- toYaml .Values.nodeSelector | nindent 8 }}
      tolerations: {{- toYaml .Values.tolerations | nindent 8 }}
      containers:
        {{- if .Values.existingSecret.hasLogsToken }}
        - name: logagent
          image: {{ printf "%s:%s" $logagent.image.repository $logagent.image.tag }}
          imagePullPolicy: {{ $logagent.image.pullPolicy }}
          env:
            - name: LOGS_TOKEN
              valueFrom: {secretKeyRef: {name: {{ .Values.existingSecret.name }}, key: logs-token}}
          envFrom: [{configMapRef: {name: {{ .Release.Name }}-env}}]
          volumeMounts:
            - {name: files, mountPath: /etc/sematext}
            {{- range $logagent.extraHostVolumeMounts }}
            - {name: {{ .name }}, mountPath: {{ .mountPath }}}
            {{- end }}
          resources: {{- toYaml $logagent.resources | nindent 12 }}
        {{- end }}
      volumes:
        - {name: files, configMap: {name: {{ .Release.Name }}-files}}
        {{- range $logagent.extraHostVolumeMounts }}
        - {name: {{ .name }}, hostPath: {path: {{ .hostPath }}}}
        {{- end }}`,
};

/** Path of the chart to install: the vendor's where it was named, else the stand-in, written below `folder`. */
export async function chartIn(folder: string): Promise<string> {
  const own = process.env['SEMATEXT_AGENT_CHART'];
  if (own) return own;
  const path = join(folder, 'sematext-agent');
  await mkdir(join(path, 'templates'), { recursive: true });
  const about = { apiVersion: 'v1', name: 'sematext-agent', version: '1.9.1', description: 'A stand-in' };
  await writeFile(join(path, 'Chart.yaml'), stringify(about));
  await writeFile(join(path, 'values.yaml'), stringify(values));
  for (const [name, text] of Object.entries(templates))
    await writeFile(join(path, 'templates', name), text.trimStart());
  return path;
}
