// Everything that a search finds, object by object.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { useEffect, useState } from 'react'
import { search } from '../api/endpoints'
import { MetadataIcon } from '../frame/MetadataIcon'
import { PageHeader } from '../frame/PageHeader'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { formatPhone } from './format'
import { tidyName } from './names'

const EACH = 10
const OF_ONE = 50

export function SearchPage() {
  const { t } = useTranslation()
  const [address, setAddress] = useSearchParams()
  const q = address.get('q') ?? ''
  const object = address.get('object')
  const [typed, setTyped] = useState(q)
  useEffect(() => setTyped(q), [q])
  const limit = object === null ? EACH : OF_ONE
  const found = useQuery({
    queryKey: ['search', q, object, limit],
    queryFn: ({ signal }) => search(q, object, limit, signal),
    enabled: q !== '',
    placeholderData: keepPreviousData,
  })
  const groups = found.data?.groups ?? []

  function go(next: { q?: string; object?: string | null }) {
    const params = new URLSearchParams()
    params.set('q', next.q ?? q)
    const only = next.object === undefined ? object : next.object
    if (only) params.set('object', only)
    setAddress(params)
  }

  return (
    <div className="page narrow-page">
      <PageHeader title={q === '' ? t('frame.search') : t('search.title', { q })} />
      <Input.Search
        value={typed}
        allowClear
        size="large"
        aria-label={t('search.again')}
        onChange={(event) => setTyped(event.target.value)}
        onSearch={(text) => text.trim() !== '' && go({ q: text.trim(), object: null })}
      />
      {object !== null && (
        <Button type="link" onClick={() => go({ object: null })}>
          {t('search.everywhere')}
        </Button>
      )}
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending && q !== '' ? (
        <Lines />
      ) : groups.length === 0 ? (
        <EmptyState
          title={q === '' ? t('search.empty') : t('frame.nothingFound', { q })}
          hint={q === '' ? undefined : t('search.hint')}
        />
      ) : (
        groups.map((group) => (
          <section key={group.object} className="card search-results" aria-label={group.label}>
            <header>
              <h2>
                <MetadataIcon name={group.icon} /> {group.label}{' '}
                <span className="muted">
                  {group.records.length}
                  {group.records.length >= limit ? '+' : ''}
                </span>
              </h2>
              {object === null && group.records.length >= EACH && (
                <Button type="link" onClick={() => go({ object: group.object })}>
                  {t('search.allOf', { object: group.label })}
                </Button>
              )}
            </header>
            <ul>
              {group.records.map((record) => (
                <li key={record.id}>
                  <Link to={`/r/${record.id}`}>{tidyName(record.name)}</Link>
                  <span className="muted">
                    {record.details.map((detail) => `${detail.label} ${formatPhone(detail.value)}`).join(' · ')}
                  </span>
                </li>
              ))}
            </ul>
          </section>
        ))
      )}
    </div>
  )
}
