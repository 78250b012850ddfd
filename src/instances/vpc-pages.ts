import type {Page} from '../cloud/readers/page.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {pagesOf} from './pages.ts'

/** The pages of a region's VPCs. Throws as pagesOf does, and what the API's calls throw. */
export function vpcPages(
  api: Pick<VpcApi, 'listVpcs'>,
  region: string,
  signal?: AbortSignal,
): AsyncGenerator<Page<{id: string; name?: string}>> {
  return pagesOf(`the VPCs of ${region}`, paging => api.listVpcs({...paging, signal}))
}
