// A person's data: which records are the person, what an erasure would do, and what one asks for. The address holds Ids.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { askForErasure, askForExport, namePeople, previewErasure } from '../api/privacy'
import { PageHeader } from '../frame/PageHeader'
import { ErrorState, Lines } from '../frame/states'
import { useReady } from '../frame/useReady'
import { tidyName } from '../records/names'
import { ACTS } from './keys'
import { MentionsTable } from './MentionsTable'
import { PersonFinder } from './PersonFinder'
import { PersonRow } from './PersonRow'
import { Plan } from './Plan'
import { RestrictButton } from './RestrictButton'
import { WishDialog } from './WishDialog'

export function PersonPage() {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const ids = (search.get('ids') ?? '').split(',').filter((each) => each !== '')
  const choose = (chosen: string[]) => setSearch(chosen.length === 0 ? {} : { ids: chosen.join(',') }, { replace: true })
  return (
    <div className="page narrow-page">
      <PageHeader
        eyebrow={<Link to="/admin/privacy">{t('privacy.title')}</Link>}
        title={t('privacy.forPerson')}
      />
      <PersonFinder chosen={ids} onChoose={(id) => choose([...new Set([...ids, id])])} />
      {ids.length > 0 && <Person ids={ids} onChange={choose} />}
    </div>
  )
}

function Person({ ids, onChange }: { ids: string[]; onChange: (ids: string[]) => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const navigate = useNavigate()
  const ready = useReady()
  const [wish, setWish] = useState<'export' | 'erasure' | null>(null)
  const preview = useQuery({ queryKey: ['privacy', 'preview', ids], queryFn: () => previewErasure(ids) })
  const alike = preview.data?.alike ?? []
  const known = [...ids, ...alike]
  const names = useQuery({ queryKey: ['privacy', 'names', known], queryFn: () => namePeople(known.slice(0, 20)) })
  const personOf = (id: string) => names.data?.people.find((each) => each.id === id)

  return (
    <>
      <section className="card" aria-labelledby="person-records">
        <header>
          <h2 id="person-records">{t('privacy.thePerson')}</h2>
        </header>
        <ul className="factor-list">
          {ids.map((id) => (
            <PersonRow key={id} id={id} person={personOf(id)}>
              <RestrictButton person={id} name={tidyName(personOf(id)?.name ?? id)} />
              <Button
                size="small"
                aria-label={t('privacy.leaveOutOf', { name: tidyName(personOf(id)?.name ?? id) })}
                onClick={() => onChange(ids.filter((each) => each !== id))}
              >
                {t('privacy.leaveOut')}
              </Button>
            </PersonRow>
          ))}
        </ul>
      </section>
      {alike.length > 0 && (
        <section className="card" aria-labelledby="person-alike">
          <header>
            <h2 id="person-alike">{t('privacy.alike')}</h2>
          </header>
          <ul className="factor-list">
            {alike.map((id) => (
              <PersonRow key={id} id={id} person={personOf(id)}>
                <Button size="small" onClick={() => onChange([...ids, id])}>
                  {t('privacy.sameToo')}
                </Button>
              </PersonRow>
            ))}
          </ul>
        </section>
      )}
      <section className="stack" aria-labelledby="person-plan">
        <h2 id="person-plan">{t('privacy.plan')}</h2>
        {preview.error ? (
          <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />
        ) : preview.data === undefined ? (
          <Lines />
        ) : (
          <>
            {preview.data.legal_holds.length > 0 && (
              <Alert
                type="warning"
                showIcon
                title={t('privacy.legalHold')}
                description={preview.data.legal_holds.map((each) => each.reason).join(' · ')}
              />
            )}
            <Plan objects={preview.data.objects} />
            {preview.data.mentions.length > 0 && <MentionsTable mentions={preview.data.mentions} />}
          </>
        )}
      </section>
      <div className="row">
        <Button type="primary" disabled={preview.data === undefined} onClick={() => setWish('export')}>
          {t('privacy.handOver')}
        </Button>
        <Button danger disabled={preview.data === undefined} onClick={() => setWish('erasure')}>
          {t('privacy.erase')}
        </Button>
      </div>
      {wish !== null && (
        <WishDialog
          kind={wish}
          hasMentions={(preview.data?.mentions ?? []).length > 0}
          onAsk={async (asked) => {
            await (wish === 'export' ? askForExport : askForErasure)({ ...asked, subjects: ids })
            await client.invalidateQueries({ queryKey: ACTS })
            ready(wish === 'export' ? t('privacy.exportAsked') : t('privacy.erasureAsked'))
            void navigate('/admin/privacy')
          }}
          onClose={() => setWish(null)}
        />
      )}
    </>
  )
}
