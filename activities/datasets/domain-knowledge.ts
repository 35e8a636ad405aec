import { z } from 'zod';

/** `domain_knowledge.json`: dataset, class, defect folder or "good", snippet (SPEC 2). */
export const KnowledgeFile = z.record(z.string(), z.record(z.string(), z.record(z.string(), z.string())));
export type KnowledgeFile = z.infer<typeof KnowledgeFile>;

/** One snippet with what it describes. */
export interface DomainSnippet {
  /** The dataset's name in domain_knowledge.json: `MVTec` for `DS-MVTec`. */
  readonly dataset: string;
  readonly object: string;
  readonly defect: string;
  readonly text: string;
}

/** The domain snippets of a benchmark. */
export interface DomainKnowledge {
  /** The one snippet of (class, defect folder), or null. */
  lookup(dataset: string, object: string, defect: string): string | null;
  /** All snippets of a class, in file order. RAG joins them with newlines. */
  classSnippets(dataset: string, object: string): string[];
  /** Every snippet, in file order. */
  all(): DomainSnippet[];
}

/** The name a dataset has in domain_knowledge.json: MMAD files DS-MVTec's snippets under MVTec. */
export function knowledgeName(dataset: string): string {
  return dataset === 'DS-MVTec' ? 'MVTec' : dataset;
}

/** Look-ups over a parsed file. */
export function domainKnowledge(file: KnowledgeFile): DomainKnowledge {
  const classOf = (dataset: string, object: string): Record<string, string> => file[knowledgeName(dataset)]?.[object] ?? {};
  return {
    lookup: (dataset, object, defect) => classOf(dataset, object)[defect] ?? null,
    classSnippets: (dataset, object) => Object.values(classOf(dataset, object)),
    all: () =>
      Object.entries(file).flatMap(([dataset, objects]) =>
        Object.entries(objects).flatMap(([object, snippets]) =>
          Object.entries(snippets).map(([defect, text]) => ({ dataset, object, defect, text })),
        ),
      ),
  };
}
