import type {Answer} from './vpc-service.ts'

/** The ETag that an answer came with (contract: GET, POST and PATCH of an instance give one, a list does not). */
export function etagIn({headers}: Pick<Answer<unknown>, 'headers'>): string | undefined {
  return typeof headers.etag === 'string' ? headers.etag : undefined
}
