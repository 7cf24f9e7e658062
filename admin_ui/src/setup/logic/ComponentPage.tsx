// One rule, flow, process …: what it says, as YAML, checked while one writes; packaged ones are read only.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Popconfirm from 'antd/es/popconfirm'
import Switch from 'antd/es/switch'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useParams } from 'react-router'
import {
  deleteLogic,
  logicComponent,
  logicKinds,
  saveLogic,
  turnLogic,
  type LogicBody,
  type LogicSummary,
} from '../../api/logic'
import { PageHeader } from '../../frame/PageHeader'
import { useMay } from '../../frame/session'
import { ErrorState, Lines } from '../../frame/states'
import { useErrorText } from '../../frame/useErrorText'
import { refreshDefinitions } from '../refreshDefinitions'
import { SecretValue } from './SecretValue'
import { STARTS } from './starts'
import { textOf, useBodyText, type BodyText } from './useBodyText'
import { useIsSecret } from './useSecrets'

export function ComponentPage() {
  const { kind = '', name = '' } = useParams()
  const isNew = name === 'new'
  const found = useQuery({
    queryKey: ['setup', 'logic', kind, name],
    queryFn: () => logicComponent(kind, name),
    enabled: !isNew,
  })
  if (isNew) return <Editor key={kind} kind={kind} found={null} />
  if (found.error) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  if (found.data === undefined) return <Lines />
  return <Editor key={`${kind} ${name}`} kind={kind} found={found.data} />
}

function Editor({ kind, found }: { kind: string; found: (LogicSummary & { body: LogicBody }) | null }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const kinds = useQuery({ queryKey: ['setup', 'logic'], queryFn: logicKinds })
  const mayChange = useMay(kinds.data?.kinds.find((each) => each.kind === kind)?.needs ?? 'ManageMetadata')
  const isOwn = found === null || found.custom
  const [name, setName] = useState(found?.name ?? '')
  const [isSaving, setSaving] = useState(false)
  const start = found ? textOf(found.body) : (STARTS[kind] ?? 'label: \n')
  const draft = useBodyText(kind, name, start, t('logic.mapNeeded'))
  const isSecret = useIsSecret(kind, name.trim(), found?.body)
  const [typed, setTyped] = useState('')
  const body = isSecret ? (typed === '' ? null : { value: typed }) : draft.problems.length > 0 ? null : draft.body
  const list = `/admin/logic?kind=${kind}`

  async function act(work: () => Promise<unknown>, then?: () => void) {
    try {
      await work()
      await refreshDefinitions(client)
      then?.()
    } catch (error) {
      message.error(errorText(error))
    }
  }

  async function save(body: LogicBody) {
    setSaving(true)
    await act(
      () => saveLogic(kind, name.trim(), body),
      () => {
        message.success(t('logic.saved'))
        void navigate(list)
      },
    )
    setSaving(false)
  }

  return (
    <div className="page">
      <PageHeader
        title={found?.label ?? t('logic.new')}
        eyebrow={<Link to={list}>{t(`logic.kinds.${kind as 'flow'}`, { defaultValue: kind })}</Link>}
        actions={
          mayChange && (
            <>
              {found && (
                <Switch
                  checked={found.active}
                  checkedChildren={t('logic.on')}
                  unCheckedChildren={t('logic.off')}
                  aria-label={t('logic.activeOf', { name: found.label })}
                  onChange={(active) => void act(() => turnLogic(kind, found.name, active))}
                />
              )}
              {found?.custom && (
                <Popconfirm
                  title={t('logic.deleteTitle', { name: found.label })}
                  onConfirm={() => void act(() => deleteLogic(kind, found.name), () => void navigate(list))}
                >
                  <Button danger>{t('action.delete')}</Button>
                </Popconfirm>
              )}
              {isOwn && (
                <Button
                  type="primary"
                  loading={isSaving}
                  disabled={body === null || name.trim() === ''}
                  onClick={() => body !== null && void save(body)}
                >
                  {t('action.save')}
                </Button>
              )}
            </>
          )
        }
      >
        {found && (
          <div className="tags">
            {found.id && <Tag className="mono">{found.id}</Tag>}
            {found.object && <Tag className="mono">{found.object}</Tag>}
            {found.custom ? <Tag color="cyan">{t('setup.own')}</Tag> : <Tag>{found.package}</Tag>}
          </div>
        )}
      </PageHeader>
      {found === null && (
        <label className="logic-name">
          <span>{t('logic.fullName')}</span>
          <Input value={name} onChange={(event) => setName(event.target.value)} placeholder={t('logic.nameExample')} />
          <span className="small">{t('logic.nameHelp')}</span>
        </label>
      )}
      {!isOwn && <p className="small">{t('logic.packaged')}</p>}
      {isSecret ? (
        <SecretValue
          isSet={found ? found.body.is_set === true : undefined}
          typed={typed}
          setTyped={setTyped}
          onClear={mayChange ? () => void save({ value: null }) : undefined}
        />
      ) : (
        <Body draft={draft} isOwn={isOwn} mayChange={mayChange} />
      )}
    </div>
  )
}

function Body({ draft, isOwn, mayChange }: { draft: BodyText; isOwn: boolean; mayChange: boolean }) {
  const { t } = useTranslation()
  return (
    <>
      <Input.TextArea
        className="mono logic-body grows"
        rows={14}
        value={draft.text}
        readOnly={!isOwn || !mayChange}
        spellCheck={false}
        aria-label={t('logic.body')}
        status={draft.problems.length > 0 ? 'error' : undefined}
        onChange={(event) => draft.setText(event.target.value)}
      />
      {isOwn && (
        <div role="status" aria-live="polite" className="logic-problems">
          {draft.problems.length === 0 ? (
            <span className="small">{draft.isChecking ? t('logic.checking') : t('logic.fine')}</span>
          ) : (
            <ul>
              {draft.problems.map((each, index) => (
                <li key={index} className="field-error">
                  {each.path && <span className="mono">{each.path}: </span>}
                  {each.message}
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </>
  )
}
