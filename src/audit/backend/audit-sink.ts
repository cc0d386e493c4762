// The AuditSink object (auditregistration.k8s.io/v1alpha1, Kubernetes 1.13 to 1.18), as far as this tool reads and
// writes it. Source: kubernetes/api auditregistration/v1alpha1/types.go at 1.18.

export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof levels)[number];
export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof stages)[number];

export interface AuditSinkSpec {
  readonly policy: { readonly level: Level; readonly stages?: readonly Stage[] };
  readonly webhook: {
    readonly throttle?: { readonly qps?: number; readonly burst?: number };
    readonly clientConfig: {
      readonly url?: string;
      readonly service?: {
        readonly namespace: string;
        readonly name: string;
        readonly path?: string;
        readonly port?: number;
      };
      readonly caBundle?: string;
    };
  };
}

export interface AuditSink {
  readonly apiVersion: 'auditregistration.k8s.io/v1alpha1';
  readonly kind: 'AuditSink';
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: AuditSinkSpec;
}
