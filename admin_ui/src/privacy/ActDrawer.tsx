// One act in full: of which records, why, decided by whom, and what came of it.
import Alert from 'antd/es/alert'
import Drawer from 'antd/es/drawer'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { PrivacyAct } from '../api/privacy'
import { useMoment } from '../audit/useMoment'
import { Plan } from './Plan'
import { StatusTag } from './StatusTag'

interface ActDrawerProps {
  act: PrivacyAct
  nameOf: (user: string | null) => string
  buttons: ReactNode
  onClose: () => void
}

export function ActDrawer({ act, nameOf, buttons, onClose }: ActDrawerProps) {
  const { t } = useTranslation()
  const moment = useMoment()
  const { planned, objects, rules, error } = act.result ?? {}
  const treated = rules && Object.fromEntries(Object.entries(rules).map(([name, each]) => [name, each.records]))
  const lines: [string, string | null][] = [
    [t('privacy.who'), `${nameOf(act.requested_by)} · ${moment(act.requested_at)}`],
    [t('privacy.reason'), act.reason],
    [t('privacy.of'), act.subjects.join(', ') || null],
    [t('privacy.request'), act.request_id],
    [t('privacy.decidedBy'), act.decided_at && `${nameOf(act.decided_by)} · ${moment(act.decided_at)}`],
    [t('privacy.ended'), act.ended_at && moment(act.ended_at)],
    ['SHA-256', act.digest],
  ]
  return (
    <Drawer
      open
      size={620}
      title={
        <>
          {t(`privacy.kinds.${act.kind}`)} <StatusTag status={act.status} />
        </>
      }
      onClose={onClose}
    >
      <div className="draft-form">
        {act.status === 'waiting' && <p className="muted">{t('privacy.somebodyElse')}</p>}
        {error !== undefined && <Alert type="error" showIcon role="alert" title={error} />}
        <dl className="facts">
          {lines.map(
            ([label, text]) =>
              text !== null && (
                <div key={label}>
                  <dt>{label}</dt>
                  <dd className="break">{text}</dd>
                </div>
              ),
          )}
        </dl>
        <div className="row">{buttons}</div>
        {(objects ?? planned ?? treated) && <Plan objects={objects ?? planned ?? treated ?? {}} />}
      </div>
    </Drawer>
  )
}
