// What was asked for people's sake, and what came of it: agree to what others asked, take archives away.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { decideAct, personArchive, privacyActs, type ActStatus, type PrivacyAct } from '../api/privacy'
import { AskDialog } from '../frame/AskDialog'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { useSession } from '../frame/session'
import { useMoment } from '../audit/useMoment'
import { tidyName } from '../records/names'
import { ActDrawer } from './ActDrawer'
import { ACTS } from './keys'
import { Plan } from './Plan'
import { StatusTag } from './StatusTag'

const LOOK_AGAIN = 2_000
const UNDER_WAY: ActStatus[] = ['queued', 'running']
interface Deciding {
  act: PrivacyAct
  decision: 'approve' | 'refuse'
}

export function Acts() {
  const { t } = useTranslation()
  const { user } = useSession()
  const moment = useMoment()
  const [shown, setShown] = useState<string | null>(null)
  const [deciding, setDeciding] = useState<Deciding | null>(null)
  const all = useQuery({
    queryKey: ACTS,
    queryFn: privacyActs,
    refetchInterval: ({ state }) =>
      state.data?.acts.some((each) => UNDER_WAY.includes(each.status)) ? LOOK_AGAIN : false,
  })
  const acts = all.data?.acts ?? []
  const opened = acts.find((each) => each.id === shown)
  const nameOf = (id: string | null) => (id === null ? '—' : tidyName(all.data?.users[id] ?? id))

  const columns: Column<PrivacyAct>[] = [
    {
      key: 'what',
      title: t('privacy.what'),
      cell: (act) => (
        <button type="button" className="record-link" onClick={() => setShown(act.id)}>
          {t(`privacy.kinds.${act.kind}`)}
        </button>
      ),
    },
    { key: 'status', title: t('privacy.status'), cell: (act) => <StatusTag status={act.status} /> },
    {
      key: 'asked',
      title: t('privacy.asked'),
      className: 'tabular',
      cell: (act) => (
        <>
          {moment(act.requested_at)}
          <div className="muted small">{nameOf(act.requested_by)}</div>
        </>
      ),
    },
    { key: 'reason', title: t('privacy.reason'), cell: (act) => act.reason ?? '—' },
    useActionsColumn((act) => <span className="row">{buttonsOf(act)}</span>),
  ]

  function buttonsOf(act: PrivacyAct) {
    const isOwn = act.requested_by === user.id
    return (
      <>
        {act.status === 'waiting' && !isOwn && (
          <Button
            size="small"
            type="primary"
            aria-label={t('privacy.agreeOf', { name: nameOf(act.requested_by) })}
            onClick={() => setDeciding({ act, decision: 'approve' })}
          >
            {t('privacy.agree')}
          </Button>
        )}
        {act.status === 'waiting' && (
          <Button size="small" onClick={() => setDeciding({ act, decision: 'refuse' })}>
            {isOwn ? t('privacy.withdraw') : t('privacy.refuse')}
          </Button>
        )}
        {act.kind === 'export' && act.status === 'done' && (
          <Button size="small" href={personArchive(act.id)} download>
            {t('privacy.download')}
          </Button>
        )}
      </>
    )
  }

  return (
    <>
      <DataTable
        query={all}
        rows={acts}
        columns={columns}
        rowKey={(act) => act.id}
        empty={t('privacy.none')}
        hint={t('privacy.noneHint')}
        label={t('privacy.acts')}
      />
      {opened !== undefined && (
        <ActDrawer act={opened} nameOf={nameOf} buttons={buttonsOf(opened)} onClose={() => setShown(null)} />
      )}
      {deciding !== null && <DecideDialog {...deciding} onClose={() => setDeciding(null)} />}
    </>
  )
}

function DecideDialog({ act, decision, onClose }: Deciding & { onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const isAgreeing = decision === 'approve'
  return (
    <AskDialog
      title={isAgreeing ? t('privacy.agreeTitle') : t('privacy.refuseTitle')}
      okText={isAgreeing ? t('privacy.agreeErase') : t('privacy.refuse')}
      isDanger={isAgreeing}
      width={680}
      onAct={async () => {
        await decideAct(act.id, decision)
        await client.invalidateQueries({ queryKey: ACTS })
        onClose()
      }}
      onClose={onClose}
    >
      {isAgreeing && <p>{t('privacy.agreeText')}</p>}
      <p className="multiline">
        <span className="muted">{t('privacy.reason')}: </span>
        {act.reason ?? '—'}
      </p>
      {act.result?.planned && <Plan objects={act.result.planned} />}
    </AskDialog>
  )
}
