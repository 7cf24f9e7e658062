// Why does somebody see a record, and who sees it: every grant by its name, and the first refusal.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import Input from 'antd/es/input'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { explainAccess, whoSees, type Explanation, type Grant, type SeeingUser } from '../api/sharing'
import { DataTable, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { ErrorState, Lines } from '../frame/states'
import { tidyName } from '../records/names'
import { UserPicker } from '../setup/UserPicker'

const RECORD_ID = /^[0-9A-Za-z]{15}([0-9A-Za-z]{3})?$/

export function ExplainPage() {
  const { t } = useTranslation()
  const [params, setParams] = useSearchParams()
  const record = params.get('record') ?? ''
  const user = params.get('user')
  const isRecord = RECORD_ID.test(record)

  function choose(part: Record<string, string | null>) {
    const next = new URLSearchParams(params)
    for (const [key, value] of Object.entries(part)) {
      if (value) next.set(key, value)
      else next.delete(key)
    }
    setParams(next, { replace: true })
  }

  return (
    <>
      <PageHeader title={t('sharing.explain')} />
      <p className="muted">{t('sharing.explainLead')}</p>
      <div className="row wrap">
        <Input
          className="setup-search mono"
          aria-label={t('sharing.recordId')}
          placeholder={t('sharing.recordId')}
          allowClear
          value={record}
          onChange={(event) => choose({ record: event.target.value.trim() })}
        />
        <UserPicker label={t('sharing.whose')} value={user} onChange={(id) => choose({ user: id })} />
        {isRecord && <Link to={`/r/${record}`}>{t('sharing.openRecord')}</Link>}
      </div>
      {isRecord && user !== null && <Why record={record} user={user} />}
      {isRecord && <Who record={record} />}
    </>
  )
}

function Why({ record, user }: { record: string; user: string }) {
  const { t } = useTranslation()
  const found = useQuery({ queryKey: ['explain', record, user], queryFn: () => explainAccess(record, user) })
  if (found.error) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  if (found.data === undefined) return <Lines count={2} />
  return (
    <section className="card padded" aria-label={t('sharing.why')}>
      <h2>
        {t('sharing.why')} <AccessTag access={found.data.access} />
      </h2>
      <Reasons explanation={found.data} />
    </section>
  )
}

function Who({ record }: { record: string }) {
  const { t } = useTranslation()
  const seeing = useInfiniteQuery({
    queryKey: ['explain', record, 'users'],
    queryFn: ({ pageParam }) => whoSees(record, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  })
  const columns: Column<SeeingUser>[] = [
    {
      key: 'user',
      title: t('sharing.user'),
      cell: (each) => (
        <>
          {tidyName(each.name)} <span className="muted small">{each.username}</span>
        </>
      ),
    },
    { key: 'access', title: t('sharing.accessLabel'), cell: (each) => <AccessTag access={each.access} /> },
    { key: 'grants', title: t('sharing.grants'), cell: (each) => <Reasons explanation={each} /> },
  ]
  return (
    <section aria-label={t('sharing.who')}>
      <h2>{t('sharing.who')}</h2>
      <DataTable
        query={seeing}
        rows={(seeing.data?.pages ?? []).flatMap((page) => page.users)}
        columns={columns}
        rowKey={(each) => each.id}
        empty={t('sharing.nobodyHere')}
      />
    </section>
  )
}

function AccessTag({ access }: { access: Explanation['access'] }) {
  const { t } = useTranslation()
  const color = { none: 'red', read: 'blue', edit: 'green' }[access]
  return <Tag color={color}>{t(`sharing.levels.${access}`)}</Tag>
}

function Reasons({ explanation }: { explanation: Explanation }) {
  const { t } = useTranslation()
  const { grants, refusal } = explanation
  return (
    <ul className="plain-list">
      {refusal !== null && (
        <li>
          {t(`sharing.refusals.${refusal.kind as 'no_grant'}`, { name: refusal.name ?? '', defaultValue: refusal.kind })}
        </li>
      )}
      {grants.map((grant) => (
        <li key={`${grant.kind} ${grant.name ?? ''}`}>
          <GrantText grant={grant} /> <span className="muted small">{t(`sharing.levels.${grant.access}`)}</span>
        </li>
      ))}
    </ul>
  )
}

function GrantText({ grant }: { grant: Grant }) {
  const { t } = useTranslation()
  return <>{t(`sharing.kinds.${grant.kind as 'owner'}`, { name: grant.name ?? '', defaultValue: grant.kind })}</>
}
