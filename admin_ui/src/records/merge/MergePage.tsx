// Make one record of two or three: choose which stays, and whose value each field keeps.
import { MergeCellsOutlined } from '@ant-design/icons'
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Switch from 'antd/es/switch'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate, useSearchParams } from 'react-router'
import { ApiError } from '../../api/client'
import { mergeRecords, previewMerge, type MergePreview } from '../../api/merging'
import { useDescribe } from '../../api/queries'
import type { ObjectDescribe } from '../../api/types'
import { PageHeader } from '../../frame/PageHeader'
import { EmptyState, ErrorState, PageSkeleton } from '../../frame/states'
import { useAsk } from '../../frame/useAsk'
import { useErrorText } from '../../frame/useErrorText'
import { useReady } from '../../frame/useReady'
import { FieldRow } from '../fields/FieldRow'
import { tidyName } from '../names'
import { MergeTable } from './MergeTable'
import { idsOf, mergeDraft, nameOf, shownFields, type Choices } from './merging'

export function MergePage() {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const ids = idsOf(search)
  const master = search.get('stays')
  const preview = useQuery({
    queryKey: ['merge', ids.join(','), master],
    queryFn: () => previewMerge(ids, master),
    enabled: ids.length > 1,
    placeholderData: keepPreviousData,
    staleTime: 0,
  })
  const describe = useDescribe(preview.data?.object)
  const error = preview.error ?? describe.error
  if (ids.length < 2) return <EmptyState title={t('merge.tooFew')} hint={t('merge.tooFewHint')} />
  if (error) return <ErrorState error={error} onRetry={() => void preview.refetch()} />
  if (preview.data === undefined || describe.data === undefined) return <PageSkeleton />
  return (
    <Merge
      preview={preview.data}
      describe={describe.data}
      master={master ?? preview.data.masterId}
      isCurrent={!preview.isPlaceholderData}
      onMaster={(id) => setSearch({ ids: ids.join(','), stays: id }, { replace: true })}
      onReload={() => void preview.refetch()}
    />
  )
}

interface MergeProps {
  preview: MergePreview
  describe: ObjectDescribe
  /** The record that is chosen to stay; the preview with it may still be on its way. */
  master: string
  isCurrent: boolean
  onMaster: (id: string) => void
  onReload: () => void
}

function Merge({ preview, describe, master: masterId, isCurrent, onMaster, onReload }: MergeProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const ask = useAsk()
  const errorText = useErrorText()
  const ready = useReady()
  const [choices, setChoices] = useState<Choices>({})
  const [showsAll, setShowsAll] = useState(false)
  const [reason, setReason] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<unknown>(null)
  const [master, ...others] = preview.records
  if (master === undefined) return null
  const name = tidyName(nameOf(master))
  const fields = shownFields(preview, !showsAll)

  async function merge() {
    setBusy(true)
    setRefusal(null)
    try {
      const done = await mergeRecords(mergeDraft(preview, choices, reason))
      for (const { id } of others) client.removeQueries({ queryKey: ['record', id] })
      for (const key of ['record', 'related', 'history', 'list']) void client.invalidateQueries({ queryKey: [key] })
      ready(t('merge.done', { count: done.merged.length + 1, name }))
      void navigate(`/r/${done.id}`, { replace: true })
    } catch (error) {
      setRefusal(error)
    } finally {
      setBusy(false)
    }
  }

  const askMerge = () =>
    ask({
      title: t('merge.confirm', { count: preview.records.length, name }),
      content: t('merge.confirmText', { count: others.length }),
      okText: t('merge.merge'),
      act: merge,
    })

  return (
    <div className="page merge-page">
      <PageHeader
        icon={<MergeCellsOutlined aria-hidden />}
        eyebrow={describe.label}
        title={t('merge.title', { count: preview.records.length })}
      />
      {refusal !== null && (
        <Alert
          type="error"
          showIcon
          role="alert"
          title={t('merge.refused')}
          description={errorText(refusal)}
          action={
            refusal instanceof ApiError &&
            refusal.isStale && <Button onClick={onReload}>{t('merge.reload')}</Button>
          }
        />
      )}
      <div className="toolbar">
        <label className="row-tight">
          <Switch size="small" checked={showsAll} onChange={setShowsAll} /> {t('merge.showAll')}
        </label>
      </div>
      <MergeTable
        preview={preview}
        describe={describe}
        fields={fields}
        choices={choices}
        masterId={masterId}
        onMaster={onMaster}
        onChoose={(field, id) => setChoices({ ...choices, [field]: id })}
      />
      {fields.length === 0 && <p className="muted">{t('merge.same')}</p>}
      <Related preview={preview} name={name} />
      <FieldRow id="merge-reason" label={t('merge.reason')} help={t('merge.reasonHelp')}>
        <Input
          id="merge-reason"
          value={reason}
          maxLength={1000}
          onChange={(event) => setReason(event.target.value)}
        />
      </FieldRow>
      <div className="form-foot">
        <Button type="primary" danger loading={isBusy} disabled={!isCurrent} onClick={askMerge}>
          {t('merge.merge')}
        </Button>
        <Button type="text" onClick={() => void navigate(-1)}>
          {t('action.cancel')}
        </Button>
      </div>
    </div>
  )
}

function Related({ preview, name }: { preview: MergePreview; name: string }) {
  const { t } = useTranslation()
  return (
    <section className="card merge-related" aria-label={t('merge.related')}>
      <h2>{t('merge.related')}</h2>
      {preview.related.length === 0 ? (
        <p className="muted">{t('merge.noRelated')}</p>
      ) : (
        <>
          <p className="muted small">{t('merge.relatedText', { name })}</p>
          <ul className="tags">
            {preview.related.map((each) => (
              <li key={`${each.object}.${each.field}`} className="pick">
                {each.label} <strong className="tabular">{each.count}</strong>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}
