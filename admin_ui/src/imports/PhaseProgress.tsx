// How far a phase is. The tab may be closed meanwhile: the work goes on without it.
import Button from 'antd/es/button'
import Progress from 'antd/es/progress'
import { useTranslation } from 'react-i18next'
import type { Import, Phase } from '../api/imports'
import { useWholeNumber } from '../records/fields/useWholeNumber'
import { percentOf, rowsOf } from './stage'
import { useChangeImport } from './useImport'

export function PhaseProgress({ job, phase }: { job: Import; phase: Phase }) {
  const { t } = useTranslation()
  const change = useChangeImport(job.id)
  const number = useWholeNumber()
  const { processed, failed } = job[phase]
  return (
    <section className="form-section stack" aria-labelledby="import-progress">
      <h2 id="import-progress">{t(`imports.progress.${phase}`)}</h2>
      <Progress percent={percentOf(job, phase)} status="active" aria-label={t(`imports.progress.${phase}`)} />
      <p>
        {t('imports.soFar', { processed: number(processed), rows: number(rowsOf(job, phase)) })}
        {failed > 0 && <span className="field-error"> {t('imports.failedSoFar', { count: failed, text: number(failed) })}</span>}
      </p>
      <p className="muted">{t('imports.goesOn')}</p>
      {phase !== 'undo' && (
        <div>
          <Button danger loading={change.isPending} onClick={() => change.mutate({ action: 'abort' })}>
            {t(`imports.stop.${phase}`)}
          </Button>
        </div>
      )}
    </section>
  )
}
