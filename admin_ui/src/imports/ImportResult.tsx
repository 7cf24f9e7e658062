// The end: what was written, what was not, and taking it all back.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { Import } from '../api/imports'
import type { ObjectDescribe } from '../api/types'
import { useMoment } from '../audit/useMoment'
import { useAsk } from '../frame/useAsk'
import { useWholeNumber } from '../records/fields/useWholeNumber'
import { RowErrors } from './RowErrors'
import { rowsOf, undoableUntil } from './stage'
import { useChangeImport } from './useImport'

interface ImportResultProps {
  job: Import
  describe: ObjectDescribe
  header: string[]
}

export function ImportResult({ job, describe, header }: ImportResultProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const ask = useAsk()
  const moment = useMoment()
  const change = useChangeImport(job.id)
  const number = useWholeNumber()
  const until = undoableUntil(job)
  const phase = job.state === 'Undone' ? 'undo' : 'write'
  const { processed, failed } = job[phase]
  const done = processed - failed
  const askUndo = () =>
    ask({
      title: t('imports.undoTitle', { count: rowsOf(job, 'undo'), text: number(rowsOf(job, 'undo')) }),
      content: t('imports.undoText'),
      okText: t('imports.undo'),
      act: () => change.mutateAsync({ action: 'undo' }).catch(() => undefined),
    })
  return (
    <>
      <section className="form-section stack" aria-label={t('imports.step.import')}>
        <Alert
          type={kindOf(job, failed)}
          showIcon
          role="status"
          title={t(`imports.ended.${stateOf(job)}`, { count: done, text: number(done) })}
          description={
            <>
              {failed > 0 && <div>{t(`imports.notDone.${phase}`, { count: failed, text: number(failed) })}</div>}
              {job.problem !== null && <div>{job.problem}</div>}
              {until !== null && <div>{t('imports.undoUntil', { moment: moment(until.toISOString()) })}</div>}
            </>
          }
        />
        <div className="row">
          <Button type="primary" onClick={() => void navigate(`/o/${job.object}`)}>
            {t('imports.toList', { object: describe.plural_label })}
          </Button>
          <Button onClick={() => void navigate(`/admin/imports/new?object=${job.object}`)}>{t('imports.another')}</Button>
          {until !== null && (
            <Button danger loading={change.isPending} onClick={askUndo}>
              {t('imports.undo')}
            </Button>
          )}
        </div>
      </section>
      {failed > 0 && <RowErrors job={job} phase={phase} describe={describe} header={header} />}
    </>
  )
}

const stateOf = ({ state }: Import) => (state === 'Aborted' || state === 'Failed' || state === 'Undone' ? state : 'JobComplete')

function kindOf(job: Import, failed: number) {
  if (job.state === 'Failed') return 'error'
  return failed > 0 || job.state === 'Aborted' ? 'warning' : 'success'
}
