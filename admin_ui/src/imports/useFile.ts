// The file that was chosen: what it seems to be, and what somebody says that it is.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Delimiter } from '../api/imports'
import { delimiterOf, encodingOf, firstLines, headOf, isWorkbook, LARGEST_FILE, type Encoding } from './csvFile'

export interface ChosenFile {
  file: File
  encoding: Encoding
  delimiter: Delimiter
  lines: string[]
}

export function useFile() {
  const { t, i18n } = useTranslation()
  const [chosen, setChosen] = useState<ChosenFile | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [isReading, setReading] = useState(false)

  function refuse(text: string) {
    setChosen(null)
    setProblem(text)
  }

  async function choose(file: File) {
    setReading(true)
    try {
      await look(file)
    } finally {
      setReading(false)
    }
  }

  async function look(file: File) {
    if (isWorkbook(await headOf(file))) return refuse(t('imports.isWorkbook'))
    if (file.size > LARGEST_FILE) return refuse(t('imports.tooLarge'))
    if (file.size === 0) return refuse(t('imports.isEmpty'))
    setProblem(null)
    await read(file, await encodingOf(file, i18n.language))
  }

  async function read(file: File, encoding: Encoding) {
    const lines = await firstLines(file, encoding)
    setChosen({ file, encoding, delimiter: delimiterOf(lines[0] ?? ''), lines })
  }

  return {
    chosen,
    problem,
    isReading,
    choose,
    setEncoding: (encoding: Encoding) => chosen && read(chosen.file, encoding),
    setDelimiter: (delimiter: Delimiter) => chosen && setChosen({ ...chosen, delimiter }),
  }
}
