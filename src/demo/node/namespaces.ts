// The namespace controller: empties a namespace that is being deleted, and lets it go when nothing is left in it
// (kubernetes pkg/controller/namespace).
import type { ObjectStore } from '../kubernetes/store.ts';
import { dying } from '../kubernetes/deletion.ts';
import { kindOfObject, type Kind } from '../kubernetes/kinds.ts';

/** Works until the returned function is called. */
export function startNamespaceController(objects: ObjectStore, kinds: readonly Kind[]): () => void {
  const look = (): void => {
    const all = objects.all();
    const leaving = all.filter(
      ({ kind, metadata }) => kind === 'Namespace' && metadata['deletionTimestamp'] !== undefined,
    );
    for (const namespace of leaving) {
      const content = all.filter(({ metadata }) => metadata.namespace === namespace.metadata.name);
      for (const object of content) {
        const kind = kindOfObject(kinds, object);
        const left = kind && dying(kind, object, undefined);
        if (!left) objects.drop(object);
        else if (left !== object) objects.put(left);
      }
      if (content.length === 0) objects.drop(namespace);
    }
  };
  let due = false;
  return objects.onChange(({ kind, object, type }) => {
    const leaves = kind.resource === 'namespaces' && object.metadata['deletionTimestamp'] !== undefined;
    if (due || (!leaves && type !== 'DELETED')) return;
    due = true;
    setImmediate(() => {
      due = false;
      look();
    });
  });
}
