// The form of a new record, with one record type.
import Button from 'antd/es/button'
import Radio from 'antd/es/radio'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo, useState, type FormEvent } from 'react'
import { flushSync } from 'react-dom'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { create } from '../../api/endpoints'
import type { Labels, ObjectDescribe, RecordType, Values } from '../../api/types'
import { MetadataIcon } from '../../frame/MetadataIcon'
import { PageHeader } from '../../frame/PageHeader'
import { useSession } from '../../frame/session'
import { useReady } from '../../frame/useReady'
import { OWNER, RECORD_TYPE } from '../systemFields'
import { FormSections } from './FormSections'
import { filledValues, formSections, initialValues } from './formState'
import { saveWithKeys } from './saveWithKeys'
import { UnsavedGuard } from './UnsavedGuard'
import { useDuplicates } from './useDuplicates'
import { useRecordForm } from './useRecordForm'
import { useSectionTexts } from './useSectionTexts'

interface NewRecordFormProps {
  describe: ObjectDescribe
  recordType: RecordType | null
  prefilled: Values
  onRecordType: (recordType: RecordType, typed: Values) => void
}

export function NewRecordForm({ describe, recordType, prefilled, onRecordType }: NewRecordFormProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const texts = useSectionTexts()
  const ready = useReady()
  const [isSaving, setSaving] = useState(false)
  const [isSaved, setSaved] = useState(false)
  const sections = useMemo(() => formSections(describe, recordType, 'create', texts), [describe, recordType, texts])
  const { user } = useSession()
  const initial = useMemo(() => {
    // A record belongs to whoever makes it; where the form shows the owner, it says so.
    const asksOwner = describe.has_owner && sections.some((section) => section.fields.includes(OWNER))
    return initialValues(describe, recordType, { ...(asksOwner ? { [OWNER]: user.id } : {}), ...prefilled })
  }, [describe, recordType, prefilled, sections, user.id])
  const labels: Labels = initial[OWNER] === user.id ? { [OWNER]: user.name } : {}
  const form = useRecordForm({ describe, recordType, base: {}, baseLabels: labels, initial, sections })

  const duplicates = useDuplicates()

  async function save(another: boolean, allowDuplicates = false) {
    if (isSaving || !form.check()) return
    setSaving(true)
    try {
      const ofType: Values =
        recordType !== null && RECORD_TYPE in describe.fields ? { [RECORD_TYPE]: recordType.id } : {}
      const written = await create(describe.name, { ...filledValues(form.values), ...ofType }, allowDuplicates)
      duplicates.tell(written)
      void client.invalidateQueries({ queryKey: ['list', describe.name] })
      void client.invalidateQueries({ queryKey: ['related'] })
      ready(t(written.created === false ? 'form.attached' : 'form.created', { object: describe.label }))
      if (another) {
        form.replace(initial)
        form.clearErrors()
      } else {
        // The guard must know that nothing is unsaved any more before the page changes.
        flushSync(() => setSaved(true))
        void navigate(`/r/${written.id}`, { replace: true })
      }
    } catch (error) {
      if (!duplicates.ask(error, () => save(another, true))) form.fail(error)
    } finally {
      setSaving(false)
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    void save(false)
  }

  return (
    <form className="page form-page" noValidate onSubmit={submit} onKeyDown={saveWithKeys(() => void save(false))}>
      <UnsavedGuard isDirty={form.isDirty && !isSaved} />
      <PageHeader
        icon={<MetadataIcon name={describe.icon} />}
        eyebrow={describe.label}
        title={t('form.new', { object: describe.label })}
      />
      {describe.record_types.length > 1 && (
        <section className="form-section" aria-label={t('form.recordType')}>
          <h2 id="record-type-label">{t('form.recordType')}</h2>
          <Radio.Group
            aria-labelledby="record-type-label"
            optionType="button"
            value={recordType?.id}
            options={describe.record_types.map((each) => ({ value: each.id, label: each.label }))}
            onChange={(event) => {
              const chosen = describe.record_types.find((each) => each.id === event.target.value)
              if (chosen) onRecordType(chosen, form.values)
            }}
          />
        </section>
      )}
      <FormSections describe={describe} recordType={recordType} sections={sections} form={form} mode="create" />
      <div className="form-foot">
        <Button type="primary" htmlType="submit" loading={isSaving}>
          {t('action.save')}
        </Button>
        <Button onClick={() => void save(true)} disabled={isSaving}>
          {t('form.saveAndNew')}
        </Button>
        <Button type="text" onClick={() => void navigate(-1)}>
          {t('action.cancel')}
        </Button>
      </div>
      {duplicates.dialog}
    </form>
  )
}
