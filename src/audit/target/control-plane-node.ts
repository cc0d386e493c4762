// A control-plane node, as the API shows it and as a look on the node itself completes it.
import type { NodeLook } from '../../node/look.ts';

export interface ControlPlaneNode {
  readonly name: string;
  /** kubernetes.io/arch. */
  readonly arch: string;
  /** InternalIP. */
  readonly address: string;
  /** The API server's mirror pod in kube-system, and its image. */
  readonly pod: string;
  readonly image: string;
  /** Whether the kubelet calls the API server ready. */
  readonly ready: boolean;
}

export interface SeenNode extends ControlPlaneNode {
  readonly look: NodeLook;
}
