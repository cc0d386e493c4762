// Control planes that belong to somebody else: no flag can be set, so what remains is the provider's own way to hand
// out audit logs. Sources: EKS user guide "control plane logs"; GKE docs audit-logging and audit-policy; Azure docs
// monitor-aks and monitor-aks-reference; openshift/api config/v1/types_apiserver.go; the shippers were tried by us.
import { step } from './recipe.ts';
import type { Route } from './recipe.ts';

export const openshift: Route = {
  closed:
    'The operator owns the API server: a webhook or other flags are unsupported, and an edited manifest is put back.',
  route: 'Audit logs are on by default; forward them with a ClusterLogForwarder.',
  steps: [
    step(
      'See that they are there:',
      'oc adm node-logs --role=master --path=kube-apiserver/audit.log | tail -n 1',
    ),
    step(
      'Choose how much is recorded, if the default is not right (Default, WriteRequestBodies, AllRequestBodies, None); the API servers roll one after the other:',
      'oc patch apiserver cluster --type=merge -p \'{"spec":{"audit":{"profile":"Default"}}}\'',
    ),
    step(
      'With the Logging operator, let a service account collect audit logs:',
      'oc -n openshift-logging create serviceaccount sematext-audit',
      'oc adm policy add-cluster-role-to-user collect-audit-logs -z sematext-audit -n openshift-logging',
    ),
    step(
      'Create a ClusterLogForwarder (Logging 6; in Logging 5 it is logging.openshift.io/v1) whose pipeline takes inputRefs [audit] to an output that Sematext Logs can receive, for example of type syslog or elasticsearch; put your Logs token in place of <LOGS_TOKEN> in a file with mode 0600:',
      'apiVersion: observability.openshift.io/v1',
      'kind: ClusterLogForwarder',
      'metadata: {name: sematext-audit, namespace: openshift-logging}',
      'spec:',
      '  serviceAccount: {name: sematext-audit}',
      '  outputs:',
      '  - name: sematext',
      '    type: elasticsearch',
      '    elasticsearch: {url: "https://logsene-receiver.sematext.com", version: 8, index: "<LOGS_TOKEN>"}',
      '  pipelines:',
      '  - {name: audit, inputRefs: [audit], outputRefs: [sematext]}',
    ),
  ],
  warnings: [
    'The forwarder was not tried by us; the other way is a privileged DaemonSet (SCC privileged) that tails /var/log/kube-apiserver/audit.log.',
    'The Logs token stands in the ClusterLogForwarder: restrict who reads it, use a write-only token.',
    'Hosted control planes (HyperShift, ROSA): audit is set on the HostedCluster, on the management side.',
  ],
};

export const eks: Route = {
  closed: 'AWS owns the API server: policy and flags are fixed.',
  route: 'Switch on the export of audit logs to CloudWatch and forward them from there.',
  steps: [
    step(
      'Switch the log type audit on, and wait until the update it names is Successful:',
      'aws eks update-cluster-config --name <cluster> --region <region> --logging \'{"clusterLogging":[{"types":["audit"],"enabled":true}]}\'',
      'aws eks describe-update --name <cluster> --region <region> --update-id <id>',
    ),
    step(
      'Find the events (native audit.k8s.io/v1 JSON) in the group /aws/eks/<cluster>/cluster, streams kube-apiserver-audit-*:',
      'aws logs tail /aws/eks/<cluster>/cluster --region <region> --log-stream-name-prefix kube-apiserver-audit --since 10m',
    ),
    'Forward the group with a subscription filter to a Lambda or Firehose, for example the Lambda of cloudwatch-sematext-aws-lambda-log-shipper with PREFIX set to /aws/eks.',
  ],
  warnings: [
    'CloudWatch bills every event, and its retention is for ever by default; the shipper named above sets it to 1 day.',
    'That shipper sends each event as text in the field message and takes all control-plane streams of the group, not only audit.',
    'Terraform takes a change by hand back: set enabled_cluster_log_types there.',
    'The update needs up to 5 free addresses in each subnet. Events from before it are not exported.',
  ],
};

export const gke: Route = {
  closed: 'Google owns the API server: policy and flags are fixed.',
  route: 'Cloud Audit Logs are always on; route them to Pub/Sub and forward them from there.',
  steps: [
    step(
      'See them:',
      'gcloud logging read \'resource.type="k8s_cluster" AND protoPayload.serviceName="k8s.io" AND resource.labels.cluster_name="<cluster>"\' --project <project> --limit 1',
    ),
    step(
      'Route them to a topic, then grant the writer identity that the command prints roles/pubsub.publisher on it:',
      'gcloud pubsub topics create sematext-audit --project <project>',
      'gcloud logging sinks create sematext-audit pubsub.googleapis.com/projects/<project>/topics/sematext-audit --project <project> --log-filter=\'resource.type="k8s_cluster" AND protoPayload.serviceName="k8s.io" AND resource.labels.cluster_name="<cluster>"\'',
    ),
    'Forward the topic with a subscriber of your own to the bulk receiver of Sematext Logs.',
  ],
  warnings: [
    "The entries are Google's AuditLog (protoPayload.methodName, .authenticationInfo, …), not audit.k8s.io events: policies and filters of this tool do not apply to them.",
    'Reads are in the Data Access logs, which have to be switched on for the Kubernetes Engine API and are billed.',
  ],
};

export const aks: Route = {
  closed: 'Microsoft owns the API server: policy and flags are fixed.',
  route: 'Export the audit category with a diagnostic setting to an Event Hub and forward it from there.',
  steps: [
    step(
      'Create the setting (kube-audit-admin leaves out get and list and is much cheaper; kube-audit has all; never both):',
      'az monitor diagnostic-settings create --name sematext-audit --resource <managedCluster id> --logs \'[{"category":"kube-audit-admin","enabled":true}]\' --event-hub <hub> --event-hub-rule <authorization rule id>',
      'az monitor diagnostic-settings show --name sematext-audit --resource <managedCluster id>',
    ),
    "Forward the hub, for example with Logagent's input azure-event-hub: the event is a JSON string in properties.log, which an output filter has to parse.",
  ],
  warnings: [
    'Export is billed by volume, and volume is the most frequent complaint: begin with kube-audit-admin.',
    'That input starts at the newest record and keeps no position: what comes while it is down is lost.',
    'The command does not wait: read the setting back.',
  ],
};

export const managedUnknown: Route = {
  closed: 'No API server can be seen here, so no flag can be set from here.',
  route: 'Ask the provider for an export of audit logs, or for an audit webhook.',
  steps: [
    'Look in the provider\'s console or API for "audit log" or "control plane logs" of the cluster; a few take an audit webhook (Exoscale SKS does).',
    'Where it takes a webhook, give it https://logsene-k8s-audit-receiver.sematext.com/<LOGS_TOKEN> (EU: logsene-k8s-audit-receiver.eu.sematext.com).',
  ],
  warnings: [
    'Audit metrics that rise do not mean that you can get the events: the provider has a backend of its own.',
    'When this is not a managed cluster, read the page of its kind under docs/control-planes.',
  ],
};

export const selfHosted: Route = {
  closed: 'The API server is a workload that an operator or chart owns: an edit of its pods is put back.',
  route: 'Set audit flags where that owner takes them.',
  steps: [
    step(
      'Find the owner of the pods:',
      'kubectl get deployments,statefulsets,daemonsets -A | grep -i apiserver',
    ),
    'Set audit policy and webhook in that owner: the values of the vcluster chart, the TenantControlPlane of Kamaji, the HostedCluster of HyperShift, the Shoot of Gardener.',
  ],
  warnings: [
    'The policy must be in place (as a ConfigMap or Secret that the owner mounts) before a flag names it: without the file the API server does not start.',
  ],
};
