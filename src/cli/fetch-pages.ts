/**
 * All pages of a list, one after the other.
 */
import { pageSizeMax, type PageRequest } from '../wire/request-fields.ts';

interface FetchedPage<Row> {
  readonly rows: readonly Row[];
  readonly nextPageToken: string;
}

export async function fetchPages<Row>(
  fetchPage: (page: PageRequest) => Promise<FetchedPage<Row>>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let token = '';
  do {
    const page = await fetchPage({ size: pageSizeMax, token });
    rows.push(...page.rows);
    token = page.nextPageToken;
  } while (token !== '');
  return rows;
}
