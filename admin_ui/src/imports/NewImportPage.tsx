// The first step: into which object, what becomes of records that are there already, and the file.
import { useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Progress from 'antd/es/progress'
import Radio from 'antd/es/radio'
import Select from 'antd/es/select'
import { useEffect, useRef, useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { createImport, discardImport, uploadImport, type Operation } from '../api/imports'
import { useDescribe } from '../api/queries'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { EmptyState } from '../frame/states'
import { useErrorText } from '../frame/useErrorText'
import { FieldRow } from '../records/fields/FieldRow'
import { inUtf8 } from './csvFile'
import { FilePicker } from './FilePicker'
import { keyFields } from './mapping'
import { Steps } from './Steps'
import { useFile } from './useFile'
import { IMPORTS, useImportableObjects } from './useImport'

const OPERATIONS: Operation[] = ['insert', 'update', 'upsert']

export function NewImportPage() {
  const { t } = useTranslation()
  const mayImport = useMay('ImportData')
  if (!mayImport) return <EmptyState title={t('state.noPermission')} hint={t('state.refusedHint')} />
  return (
    <div className="page form-page">
      <PageHeader title={t('imports.new')} eyebrow={<Link to="/admin/imports">{t('imports.title')}</Link>} />
      <Steps current="file" />
      <NewImport />
    </div>
  )
}

function NewImport() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const errorText = useErrorText()
  const [search, setSearch] = useSearchParams()
  const object = search.get('object')
  const operation = OPERATIONS.find((each) => each === search.get('operation')) ?? 'insert'
  const objects = useImportableObjects()
  const describe = useDescribe(object ?? undefined)
  const keys = keyFields(describe.data)
  const [key, setKey] = useState<string | null>(null)
  const source = useFile()
  const [isTried, setTried] = useState(false)
  const [sent, setSent] = useState<number | null>(null)
  const [refusal, setRefusal] = useState<string | null>(null)
  const upload = useRef<AbortController | null>(null)
  useEffect(() => () => upload.current?.abort(), [])
  function set(name: string, value: string) {
    const next = new URLSearchParams(search)
    next.set(name, value)
    setSearch(next, { replace: true })
  }
  const keyName = key ?? (keys.length === 1 ? (keys[0]?.name ?? null) : null)
  const isComplete = object !== null && source.chosen !== null && (operation !== 'upsert' || keyName !== null)

  async function submit(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (!isComplete || source.chosen === null) return
    const { file, encoding, delimiter } = source.chosen
    setRefusal(null)
    setSent(0)
    upload.current = new AbortController()
    let id: string | null = null
    try {
      const externalIdFieldName = operation === 'upsert' ? keyName : null
      id = (await createImport({ object, operation, externalIdFieldName, columnDelimiter: delimiter })).id
      const content = await inUtf8(file, encoding)
      const preview = await uploadImport(id, content, setSent, upload.current.signal)
      client.setQueryData([...IMPORTS, id, 'preview'], preview)
      void navigate(`/admin/imports/${id}`, { replace: true })
    } catch (error) {
      if (!(error instanceof DOMException)) setRefusal(errorText(error))
      setSent(null)
      // Nothing of a file that did not arrive stays behind.
      if (id !== null) await discardImport(id, 'Open').catch(() => undefined)
    }
  }

  return (
    <form className="form-section draft-form" noValidate onSubmit={(event) => void submit(event)}>
      {refusal !== null && <Alert type="error" showIcon role="alert" title={refusal} />}
      <FieldRow
        id="import-object"
        label={t('imports.object')}
        required
        errors={isTried && object === null ? [t('form.missing')] : objects.error ? [errorText(objects.error)] : []}
      >
        <Select
          id="import-object"
          showSearch={{ optionFilterProp: 'label' }}
          loading={objects.isPending}
          value={object ?? undefined}
          placeholder={t('imports.chooseObject')}
          options={objects.data?.map((each) => ({ value: each.name, label: each.label }))}
          onChange={(name: string) => {
            set('object', name)
            setKey(null)
          }}
        />
      </FieldRow>
      <fieldset className="choices">
        <legend>{t('imports.operation')}</legend>
        <Radio.Group
          name="operation"
          value={operation}
          onChange={(event) => set('operation', String(event.target.value))}
          options={OPERATIONS.map((each) => ({
            value: each,
            label: (
              <>
                {t(`imports.operations.${each}`)} <span className="muted">{t(`imports.operationHelp.${each}`)}</span>
              </>
            ),
          }))}
        />
      </fieldset>
      {operation === 'upsert' && object !== null && (
        <FieldRow
          id="import-key"
          label={t('imports.key')}
          required
          help={t('imports.keyHelp')}
          errors={
            describe.data && keys.length === 0
              ? [t('imports.noKeys')]
              : isTried && keyName === null
                ? [t('form.missing')]
                : []
          }
        >
          <Select
            id="import-key"
            loading={describe.isPending}
            value={keyName ?? undefined}
            options={keys.map((each) => ({ value: each.name, label: each.label }))}
            onChange={setKey}
          />
        </FieldRow>
      )}
      <FilePicker source={source} isMissing={isTried && source.chosen === null} />
      {sent === null ? (
        <div className="row">
          <Button type="primary" htmlType="submit">
            {t('imports.upload')}
          </Button>
        </div>
      ) : (
        <div className="stack">
          <Progress percent={Math.floor(sent * 100)} status="active" aria-label={t('imports.uploading')} />
          <div className="row">
            <span className="muted" role="status">
              {t(sent < 1 ? 'imports.uploading' : 'imports.reading')}
            </span>
            <Button size="small" onClick={() => upload.current?.abort()}>
              {t('action.cancel')}
            </Button>
          </div>
        </div>
      )}
    </form>
  )
}
